// A timeline in the Trace Event Format, which Perfetto and chrome://tracing open.
import { lanes, type Timeline } from './spans.ts';

/** @param place where a pointer leads to, such as `config.json:41`; empty when it is not known */
export function timelineChrome({ spans, commands }: Timeline, place: (pointer: string) => string): string {
  const micro = (nanoseconds: number): number => nanoseconds / 1000;
  const common = { pid: 1, cat: 'veloci' };
  const names = lanes.map((name, index) => ({ ph: 'M', name: 'thread_name', pid: 1, tid: index + 2, args: { name } }));
  const whole = commands.map(({ name, begin, end }) => ({
    ...common,
    ph: 'X',
    name,
    tid: 1,
    ts: micro(begin),
    dur: micro(end - begin),
  }));
  const events = spans.map(({ lane, name, what, pointer, concern, begin, end, waits }) => ({
    ...common,
    ph: 'X',
    name,
    cat: concern,
    tid: lanes.indexOf(lane) + 2,
    ts: micro(begin),
    dur: micro(end - begin),
    args: { ...(what === '' ? {} : { what }), ...(pointer === undefined ? {} : { pointer, line: place(pointer) }),
      ...(waits ? { waits } : {}) },
  }));
  const process = { ph: 'M', name: 'process_name', pid: 1, args: { name: 'veloci' } };
  const command = { ph: 'M', name: 'thread_name', pid: 1, tid: 1, args: { name: 'command' } };
  return `${
    JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [process, command, ...names, ...whole, ...events] })
  }\n`;
}

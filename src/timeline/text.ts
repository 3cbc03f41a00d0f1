// A timeline for a terminal: a bar for each operation, and in words where the time went.
import { sharesOf, slowest, wallTime } from './shares.ts';
import type { Span, Timeline } from './spans.ts';
import { milliseconds } from './units.ts';

const barWidth = 32;
const widestWhat = 44;

/**
 * @param place where a pointer leads to, such as `config.json:41`; empty when it is not known
 */
export function timelineText(timeline: Timeline, place: (pointer: string) => string): string {
  const { spans, commands, lost } = timeline;
  let text = '';
  for (const command of commands) {
    const own = spans.filter(({ begin, end }) => end > command.begin && begin < command.end);
    text += `${command.name}: ${milliseconds(command.end - command.begin)} ms\n`;
    for (const span of own) text += row(span, command, place);
    text += '\n';
  }
  if (lost > 0) text += `The first ${lost} operations are not known: there is room for the last ones only.\n`;
  return text + summary(timeline, place);
}

function row(span: Span, command: { begin: number; end: number }, place: (pointer: string) => string): string {
  const begin = Math.max(span.begin, command.begin), end = Math.min(span.end, command.end);
  const what = shortened(span.what);
  const time = milliseconds(end - begin).padStart(8);
  const line = span.pointer === undefined ? '' : place(span.pointer);
  return `  ${milliseconds(begin - command.begin).padStart(8)} ${time}  ${bar(begin, end, command, span.waits)}  `
    + `${span.lane.padEnd(6)}  ${span.name.padEnd(17)} ${what.padEnd(widestWhat)}  ${line}`.trimEnd() + '\n';
}

function shortened(what: string): string {
  return what.length > widestWhat ? `${what.slice(0, widestWhat - 3)}...` : what;
}

/** Where in the command's time the span lies; at least one mark. */
function bar(begin: number, end: number, command: { begin: number; end: number }, waits: boolean): string {
  const whole = Math.max(1, command.end - command.begin);
  const from = Math.min(barWidth - 1, Math.floor((begin - command.begin) / whole * barWidth));
  const to = Math.min(barWidth, Math.max(from + 1, Math.round((end - command.begin) / whole * barWidth)));
  return ' '.repeat(from) + (waits ? '.' : '=').repeat(to - from) + ' '.repeat(barWidth - to);
}

function summary(timeline: Timeline, place: (pointer: string) => string): string {
  const wall = wallTime(timeline);
  const percent = (time: number): string => `${(100 * time / Math.max(1, wall)).toFixed(0)} %`;
  let text = `In all ${milliseconds(wall)} ms:`;
  text += sharesOf(timeline).filter(({ time }) => time >= wall / 100)
    .map(({ concern, time }) => ` ${concern} ${milliseconds(time)} ms (${percent(time)})`).join(',');
  text += '.\nSlowest:\n';
  for (const span of slowest(timeline, 3)) {
    const line = span.pointer === undefined ? '' : place(span.pointer);
    const { name, what, begin, end } = span;
    text += `  ${milliseconds(end - begin)} ms  ${name} ${shortened(what)}${line === '' ? '' : `  ${line}`}\n`;
  }
  return text;
}

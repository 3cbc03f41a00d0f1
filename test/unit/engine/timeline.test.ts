// A start's timeline: from stamps to spans, shares and the forms that are printed.
import t from 'tap';
import type { Timing } from '../../../src/generated/protocol.ts';
import { timelineChrome } from '../../../src/timeline/chrome.ts';
import { timelineOtlp } from '../../../src/timeline/otlp.ts';
import { sharesOf, slowest, wallTime } from '../../../src/timeline/shares.ts';
import { timelineOf } from '../../../src/timeline/spans.ts';
import { timelineSvg } from '../../../src/timeline/svg.ts';
import { timelineText } from '../../../src/timeline/text.ts';
import { planOf } from '../plan/support.ts';

const plan = planOf(() => undefined);
const indexOf = (program: 'create' | 'stager' | 'init' | 'start', op: string): number =>
  plan.programs[program]!.findIndex((operation) => operation.op === op);

const ms = 1_000_000;
/** create takes 10 ms, start 2 ms, and 100 ms lie between them. */
const timing: Timing = {
  phases: [{ name: 'begin', time: 0 }, { name: 'planned', time: 2 * ms }, { name: 'created', time: 10 * ms }, {
    name: 'start',
    time: 110 * ms,
  }, { name: 'started', time: 112 * ms }],
  stamps: [
    { program: 'create', index: indexOf('create', 'process.spawn'), op: 'process.spawn', time: 3 * ms },
    { program: 'stager', index: indexOf('stager', 'process.clone'), time: 4 * ms },
    { program: 'init', index: indexOf('init', 'root.open'), time: 6 * ms },
    { program: 'init', index: indexOf('init', 'root.pivot'), time: 9 * ms },
    { program: 'create', index: indexOf('create', 'sync.await'), op: 'sync.await', time: 9.5 * ms },
    { program: 'init', index: indexOf('init', 'start.wait'), time: 111 * ms },
    { program: 'start', index: indexOf('start', 'process.start'), op: 'process.start', time: 111.5 * ms },
  ],
  lost: 0,
  epoch: 1_700_000_000_000_000,
};
const place = (pointer: string): string => (pointer === '' ? '' : `config.json:${pointer.length}`);
const timeline = timelineOf(plan, timing);

t.test('spans follow each other in each process', (t) => {
  t.same(timeline.spans.map(({ lane, name, begin, end }) => [lane, name, begin / ms, end / ms]), [
    ['host', 'plan', 0, 2],
    ['host', 'process.spawn', 2, 3],
    ['stager', 'process.clone', 3, 4],
    ['host', 'sync.await', 3, 9.5],
    ['init', 'root.open', 4, 6],
    ['init', 'root.pivot', 6, 9],
    ['init', 'start.wait', 9, 111],
    ['host', 'process.start', 110, 111.5],
    ['init', 'program.run', 111, 112],
  ]);
  t.end();
});

t.test('stamps that were brought over late, and twice', (t) => {
  const init = timing.stamps.filter(({ program }) => program === 'init');
  const late = { ...timing, stamps: [...timing.stamps.filter(({ program }) => program !== 'init'), ...init, ...init] };
  t.same(timelineOf(plan, late).spans, timeline.spans);
  t.end();
});

t.test('each moment counts once', (t) => {
  t.equal(wallTime(timeline), 12 * ms);
  const shares = sharesOf(timeline);
  t.equal(shares.reduce((sum, { time }) => sum + time, 0), 12 * ms, 'the sum is what the commands took');
  t.equal(shares.find(({ concern }) => concern === 'root')!.time, 5 * ms,
    'what the host waits for is not counted twice');
  t.equal(shares.find(({ concern }) => concern === 'engine')!.time, 2 * ms);
  t.same(slowest(timeline, 2).map(({ name }) => name), ['root.pivot', 'plan'], 'waiting is not slow');
  t.end();
});

t.test('a plan that has changed gives no line', (t) => {
  const { spans } = timelineOf(plan, { ...timing,
    stamps: [{ program: 'create', index: 0, op: 'cgroup.own', time: ms * 3 }] });
  t.match(spans.find(({ name }) => name === 'cgroup.own'), { pointer: undefined, concern: 'others' });
  t.end();
});

t.test('text says where the time went', (t) => {
  const text = timelineText(timeline, place);
  t.match(text, /^create: 10\.000 ms$/m);
  t.match(text, /^start: 2\.000 ms$/m);
  t.match(text, /^In all 12\.000 ms: root 5\.000 ms \(42 %\), engine 2\.000 ms \(17 %\)/m);
  t.match(text, /^ {2}3\.000 ms {2}root\.pivot {2,}config\.json:/m);
  t.end();
});

t.test('the other forms', (t) => {
  const svg = timelineSvg(timeline, 'a <b>', place);
  t.match(svg, /^<svg [^>]+viewBox="0 0 960 \d+"/);
  t.match(svg, 'a &lt;b&gt;: 12.000 ms', 'texts are escaped');
  const x = [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/g)].map((one) =>
    Number(one[1]) + Number(one[2])
  );
  t.ok(x.length >= 9 && Math.max(...x) <= 960, 'nothing lies beside the picture');
  const { traceEvents } = JSON.parse(timelineChrome(timeline, place)) as {
    traceEvents: { ph: string; name: string; dur?: number }[];
  };
  t.equal(traceEvents.find(({ name }) => name === 'root.pivot')!.dur, 3000, 'microseconds');
  t.end();
});

t.test('a trace of OpenTelemetry', (t) => {
  type Sent = { traceId: string; spanId: string; parentSpanId?: string; name: string; startTimeUnixNano: string };
  const spansOf = (traceparent?: string): Sent[] => {
    const context = { container: 'a', epoch: 10n ** 18n, ...(traceparent === undefined ? {} : { traceparent }) };
    const { resourceSpans } = JSON.parse(timelineOtlp(timeline, context, place)) as {
      resourceSpans: { scopeSpans: { spans: Sent[] }[] }[];
    };
    return resourceSpans[0]!.scopeSpans[0]!.spans;
  };
  const own = spansOf();
  t.equal(own.length, timeline.spans.length + 2);
  for (const { traceId, spanId } of own) {
    t.match(traceId, /^[0-9a-f]{32}$/);
    t.match(spanId, /^[0-9a-f]{16}$/);
  }
  t.equal(new Set(own.map(({ spanId }) => spanId)).size, own.length, 'no two have one identifier');
  t.notOk('parentSpanId' in own[0]!, 'a trace of its own');
  t.equal(own[0]!.startTimeUnixNano, '1000000000000000000');
  t.equal(own.find(({ name }) => name === 'program.run')!.parentSpanId, own[1]!.spanId, 'start caused it');
  const below = spansOf(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
  t.match(below[0], { traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), name: 'veloci create' });
  t.notOk('parentSpanId' in spansOf('nonsense')[0]!);
  t.end();
});

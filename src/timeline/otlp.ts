// A timeline as a trace of OpenTelemetry (OTLP/JSON: opentelemetry-proto, trace/v1), which `curl` sends to a collector.
import type { Timeline } from './spans.ts';

/** Where the trace belongs. */
export interface TraceContext {
  /** W3C Trace Context, `00-TRACE-PARENT-FLAGS`; undefined for a trace of its own. */
  readonly traceparent?: string;
  readonly container: string;
  /** Nanoseconds since 1970 at the timeline's zero. */
  readonly epoch: bigint;
}

const pattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** @param place where a pointer leads to, such as `config.json:41`; empty when it is not known */
export function timelineOtlp(
  { spans, commands }: Timeline,
  context: TraceContext,
  place: (pointer: string) => string,
): string {
  const { container, epoch } = context;
  const parent = pattern.exec(context.traceparent ?? '');
  const seed = `${container} ${epoch}`;
  const traceId = parent?.[1] ?? hexOf(seed, 4);
  const spanId = (index: number): string => hexOf(`${seed} ${index}`, 2);
  const time = (nanoseconds: number): string => String(epoch + BigInt(Math.round(nanoseconds)));
  const roots = commands.map(({ name, begin, end }, index) => ({
    traceId,
    spanId: spanId(index),
    ...(parent === null ? {} : { parentSpanId: parent[2] }),
    name: `veloci ${name}`,
    kind: 1,
    startTimeUnixNano: time(begin),
    endTimeUnixNano: time(end),
    attributes: [attribute('container.id', container)],
  }));
  const children = spans.map(({ lane, name, what, pointer, concern, begin, end }, index) => {
    const command = Math.max(0, commands.findIndex((one) => begin >= one.begin && begin < one.end));
    return { traceId, spanId: spanId(commands.length + index), parentSpanId: spanId(command), name, kind: 1,
      startTimeUnixNano: time(begin), endTimeUnixNano: time(end),
      attributes: [attribute('thread.name', lane), attribute('veloci.concern', concern),
        ...(what === '' ? [] : [attribute('veloci.operation', what)]), ...(pointer === undefined
          ? []
          : [attribute('veloci.pointer', pointer), attribute('code.location', place(pointer))])] };
  });
  const resource = { attributes: [attribute('service.name', 'veloci')] };
  const scopeSpans = [{ scope: { name: 'veloci' }, spans: [...roots, ...children] }];
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`;
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

/** Identifiers need to be different, not secret: FNV-1a, 32 bits at a time. Never all zeros, which means "none". */
function hexOf(text: string, words: number): string {
  let hex = '';
  for (let word = 0; word < words; word++) {
    let hash = 0x811c9dc5 ^ word;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d);
    hex += ((hash ^ hash >>> 13 | 1) >>> 0).toString(16).padStart(8, '0');
  }
  return hex;
}

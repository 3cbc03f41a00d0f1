// What a start has spent its time on: each moment counts once.
import type { Span, Timeline } from './spans.ts';

/** Time of one kind, in nanoseconds. */
export interface Share {
  readonly concern: string;
  readonly time: number;
}

/** How deep in the container a process is: what the others wait for goes first. */
const depth = { init: 2, stager: 1, host: 0 } as const;

/** The span that a moment counts for: one that works before one that waits, and the innermost process of those. */
function busiest(active: readonly Span[]): Span | undefined {
  let best: Span | undefined;
  for (const span of active) {
    if (best === undefined || rank(span) > rank(best)) best = span;
  }
  return best;
}

const rank = ({ waits, lane }: Span): number => (waits ? 0 : 4) + depth[lane];

/**
 * Shares of the whole, the largest first. Their sum is the time that the commands took: between create and start nothing
 * counts.
 */
export function sharesOf({ spans, commands }: Timeline): readonly Share[] {
  const times = new Map<string, number>();
  const edges = [...new Set([...spans, ...commands].flatMap(({ begin, end }) => [begin, end]))].sort((a, b) => a - b);
  let next = 0;
  let active: Span[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i]!, to = edges[i + 1]!;
    while (next < spans.length && spans[next]!.begin <= from) active.push(spans[next++]!);
    active = active.filter(({ end }) => end > from);
    if (!commands.some(({ begin, end }) => begin <= from && to <= end)) continue;
    const concern = busiest(active)?.concern ?? 'the command itself';
    times.set(concern, (times.get(concern) ?? 0) + to - from);
  }
  return [...times].map(([concern, time]) => ({ concern, time })).sort((a, b) => b.time - a.time);
}

/** The operations that took longest, without those that only waited. */
export function slowest({ spans }: Timeline, count: number): readonly Span[] {
  return spans.filter(({ waits }) => !waits).sort((a, b) => b.end - b.begin - (a.end - a.begin)).slice(0, count);
}

/** What the commands took, in nanoseconds. */
export function wallTime({ commands }: Timeline): number {
  return commands.reduce((sum, { begin, end }) => sum + end - begin, 0);
}

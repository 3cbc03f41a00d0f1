// Numbers of a bench: what is kept, minima and medians, ratios, a table.
import type { Measure } from './meter.ts';

/** step → runtime → measures in order of the rounds */
export type Samples = Map<string, Map<string, Measure[]>>;

export interface Summary {
  min: number;
  median: number;
  p95: number;
  cpuMin: number;
  cpuMedian: number;
  /** KiB */
  rss: number;
  rounds: number;
  /** this runtime's times divided by those of the peer */
  ratio: Record<string, Ratio>;
}

/** A ratio of medians with the interval that holds it in 95 of 100 cases. */
interface Interval {
  median: number;
  low: number;
  high: number;
}

interface Ratio {
  /** of the minima of the wall time */
  min: number;
  wall: Interval;
  cpu: Interval;
}

export function add(samples: Samples, step: string, runtime: string, measure: Measure): void {
  const byRuntime = samples.get(step) ?? new Map<string, Measure[]>();
  samples.set(step, byRuntime);
  byRuntime.set(runtime, [...byRuntime.get(runtime) ?? [], measure]);
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** Numbers from 0 to 1 that look random and are the same in each run (a linear congruential generator). */
function* numbers(): Generator<number, never> {
  for (let state = 1;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const resamples = 1000;

/**
 * The ratio of two medians and its interval by the bootstrap: rounds are drawn anew, each with both of its values, since what
 * disturbs a round disturbs both.
 */
function interval(ours: number[], theirs: number[]): Interval {
  const rounds = Math.min(ours.length, theirs.length);
  const random = numbers();
  const ratios = Array.from({ length: resamples }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random.next().value * rounds));
    return quantile(drawn.map((i) => ours[i]!), 0.5) / quantile(drawn.map((i) => theirs[i]!), 0.5);
  });
  return { median: quantile(ours, 0.5) / quantile(theirs, 0.5), low: quantile(ratios, 0.025),
    high: quantile(ratios, 0.975) };
}

/** step → runtime → summary; times in ms. */
export function summarise(samples: Samples, peers: string[]): Record<string, Record<string, Summary>> {
  const result: Record<string, Record<string, Summary>> = {};
  for (const [step, byRuntime] of samples) {
    const row: Record<string, Summary> = {};
    for (const [runtime, measures] of byRuntime) {
      const wall = measures.map((measure) => measure.wall);
      const cpu = measures.map((measure) => measure.cpu);
      row[runtime] = {
        min: Math.min(...wall),
        median: quantile(wall, 0.5),
        p95: quantile(wall, 0.95),
        cpuMin: Math.min(...cpu),
        cpuMedian: quantile(cpu, 0.5),
        rss: Math.max(...measures.map((measure) => measure.rss)),
        rounds: measures.length,
        ratio: {},
      };
    }
    for (const [runtime, summary] of Object.entries(row)) {
      for (const peer of peers) {
        const other = row[peer];
        if (!other || peer === runtime) continue;
        const values = (key: 'wall' | 'cpu'): Interval =>
          interval(
            ...[runtime, peer].map((name) => (byRuntime.get(name) ?? []).map((measure) => measure[key])) as [number[],
              number[]],
          );
        summary.ratio[peer] = { min: summary.min / other.min, wall: values('wall'), cpu: values('cpu') };
      }
    }
    result[step] = row;
  }
  return result;
}

/** Lines of columns, each as wide as its widest cell; numbers to the right. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))
      .join('  ').trimEnd()
  ).join('\n');
}

/** The table of a summary: wall min / median, CPU median. */
export function render(summary: Record<string, Record<string, Summary>>, runtimes: string[]): string {
  const ms = (value: number): string => value.toFixed(2);
  const rows = [['ms: min / median (cpu)', ...runtimes]];
  for (const [step, row] of Object.entries(summary)) {
    rows.push([step, ...runtimes.map((runtime) => {
      const cell = row[runtime];
      if (cell === undefined) return '-';
      const cpu = Number.isNaN(cell.cpuMedian) ? '' : ` (${ms(cell.cpuMedian)})`;
      return `${ms(cell.min)} / ${ms(cell.median)}${cpu}`;
    })]);
  }
  return table(rows);
}

/** The first runtime's medians divided by those of each peer, with the intervals of 95 %. */
export function renderRatios(summary: Record<string, Record<string, Summary>>, runtimes: string[]): string {
  const first = runtimes[0] ?? '';
  const peers = runtimes.slice(1);
  const cell = (value: Interval | undefined): string =>
    value === undefined || Number.isNaN(value.median)
      ? '-'
      : `${value.median.toFixed(2)} [${value.low.toFixed(2)}–${value.high.toFixed(2)}]`;
  const rows = [[`${first} divided by`, ...peers.flatMap((peer) => [`${peer}: wall`, 'cpu'])]];
  for (const [step, row] of Object.entries(summary)) {
    if (row[first] === undefined) continue;
    rows.push([step, ...peers.flatMap((peer) => {
      const ratio = row[first]?.ratio[peer];
      return [cell(ratio?.wall), cell(ratio?.cpu)];
    })]);
  }
  return table(rows);
}

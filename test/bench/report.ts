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
  /** median and minimum divided by those of the peer */
  ratio: Record<string, { min: number; median: number }>;
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
        if (other && peer !== runtime) {
          summary.ratio[peer] = { min: summary.min / other.min, median: summary.median / other.median };
        }
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

/** The table of a summary: wall min / median, CPU median, and the first runtime's ratios to each peer. */
export function render(summary: Record<string, Record<string, Summary>>, runtimes: string[]): string {
  const ms = (value: number): string => value.toFixed(2);
  const first = runtimes[0] ?? '';
  const peers = runtimes.slice(1);
  const rows = [['ms: min / median (cpu)', ...runtimes, ...peers.map((peer) => `${first} : ${peer}`)]];
  for (const [step, row] of Object.entries(summary)) {
    rows.push([step, ...runtimes.map((runtime) => {
      const cell = row[runtime];
      if (cell === undefined) return '-';
      const cpu = Number.isNaN(cell.cpuMedian) ? '' : ` (${ms(cell.cpuMedian)})`;
      return `${ms(cell.min)} / ${ms(cell.median)}${cpu}`;
    }), ...peers.map((peer) => {
      const ratio = row[first]?.ratio[peer];
      return ratio ? `${ms(ratio.min)} / ${ms(ratio.median)}` : '-';
    })]);
  }
  return table(rows);
}

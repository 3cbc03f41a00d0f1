// Id mappings of the command line.
import { diagnose } from '../diagnostic/diagnose.ts';
import { PlanError } from '../plan/context.ts';

/** `size` ids of a container, and those of the host that stand for them. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
}

const ids = 4294967295;

/** @throws PlanError for what is no mapping, or overlaps another one */
export function idRanges(values: readonly string[], flag: string): IdRange[] {
  const ranges = values.map((value) => {
    const parts = value.split(':').map((text) => (/^[0-9]{1,10}$/.test(text) ? Number(text) : Infinity));
    const [inside = Infinity, outside = Infinity, size = Infinity] = parts;
    const fits = parts.length === 3 && size > 0 && inside + size <= ids && outside + size <= ids;
    if (!fits) throw new PlanError(diagnose('imageMap', { value, flag }));
    return { inside, outside, size };
  });
  ranges.forEach((one, index) => {
    const clash = ranges.slice(0, index).some((other) =>
      overlaps(one.inside, one.size, other.inside, other.size) ||
      overlaps(one.outside, one.size, other.outside, other.size)
    );
    if (clash) throw new PlanError(diagnose('imageMap', { value: values[index], flag }));
  });
  return ranges;
}

function overlaps(one: number, size: number, other: number, otherSize: number): boolean {
  return one < other + otherSize && other < one + size;
}

// The whole table, for those that show it: what only the native side says is no part of an engine that does not.
import { nativeDiagnosticsText } from '../generated/diagnostics.ts';
import { entries } from './diagnose.ts';
import type { Entry } from './types.ts';

/** The lines of the table by their codes, in the order of these: mostly one each. */
export function entriesByCode(): ReadonlyMap<string, readonly Entry[]> {
  const groups = new Map<string, Entry[]>();
  const native = JSON.parse(nativeDiagnosticsText) as Readonly<Record<string, Entry>>;
  for (const entry of [...Object.values(entries()), ...Object.values(native)]) {
    const same = groups.get(entry.code);
    if (same === undefined) groups.set(entry.code, [entry]);
    else same.push(entry);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

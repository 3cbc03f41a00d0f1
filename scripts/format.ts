import { format } from './lib/format.ts';

/** Formats every source that is not generated. */
export function main(): void {
  format();
}

/** Nanoseconds as milliseconds with three digits, without the unit. */
export function milliseconds(nanoseconds: number): string {
  return (nanoseconds / 1e6).toFixed(3);
}

// Marks of texts for people: control characters that native/executor/log/style.h turns into colours and broken lines, or into
// nothing. No value in a text can have them: control characters of values are escaped (clean in diagnose.ts).

/** Before what is coloured by its meaning; `off` ends it. */
export const mark = { error: '\u0001', warning: '\u0002', frame: '\u0003', label: '\u0004', good: '\u0005',
  off: '\u0006' } as const;

/** Where the lines go on that are too long: in the column of this mark. A line without one is never broken. */
export const indent = '\u000e';

/** A value without what a terminal would act on, and without our own marks. */
export function printable(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text for people without its marks (src/diagnostic/marks.ts). */
export function unmarked(text: string): string {
  return text.replace(/[\u0001-\u0006\u000e]/g, '');
}

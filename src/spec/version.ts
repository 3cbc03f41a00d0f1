/** Newest version of the runtime specification that is known here; states and features carry it. */
export const specVersion = '1.3.0';
/** Oldest one that a configuration may have. Every version with the same major number is accepted. */
export const oldestSpecVersion = '1.0.0';

/**
 * Reads a version (semver.org): three numbers, then anything after `-` or `+`.
 *
 * @returns major and minor number, or undefined
 */
export function parseVersion(text: string): { major: number; minor: number } | undefined {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) !== 43 && text.charCodeAt(end) !== 45) end++;
  const numbers = text.slice(0, end).split('.');
  if (numbers.length !== 3 || !numbers.every(isNumber) || end === text.length - 1) return undefined;
  return { major: Number(numbers[0]), minor: Number(numbers[1]) };
}

function isNumber(text: string): boolean {
  if (text.length === 0 || text.length > 9 || (text.length > 1 && text.charCodeAt(0) === 48)) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

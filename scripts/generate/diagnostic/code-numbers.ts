/** The chapters of error codes, in the order of docs/error-codes.md. */
export const chapters: readonly (readonly [prefix: string, title: string])[] = [
  ['E01', 'Command line and container ids'],
  ['E02', 'JSON'],
  ['E03', 'Schema'],
  ['E04', 'Checks of the configuration'],
  ['E05', 'Host and root file system'],
  ['E06', 'State and life cycle'],
  ['E07', 'Operations that failed'],
  ['E08', 'More operations that failed'],
  ['E09', 'Internal, and more operations that failed'],
  ['E10', 'Images'],
];

/**
 * The code for a new error of a chapter: the one after the last, never one between that was given up, which people
 * may still look up. Undefined when the chapter is full.
 */
export function nextCode(codes: Iterable<string>, prefix: string): string | undefined {
  const last = Number([...codes].filter((code) => code.startsWith(prefix)).sort().at(-1)?.slice(prefix.length) ?? 0);
  return last === 99 ? undefined : prefix + String(last + 1).padStart(2, '0');
}

/**
 * What is wrong with the codes of these errors, if anything: two with the same one, or one of no chapter.
 *
 * @param isSame whether two are one error, which two sides or operations raise
 */
export function codeProblem(
  codes: ReadonlyMap<string, string>,
  isSame: (one: string, other: string) => boolean = () => false,
): string | undefined {
  const owners = new Map<string, string>();
  for (const [name, code] of codes) {
    const prefix = chapters.find(([prefix]) => code.startsWith(prefix))?.[0];
    if (prefix === undefined) return `${name} has the code ${code}, which is in no chapter`;
    const owner = owners.get(code);
    if (owner !== undefined && !isSame(owner, name)) {
      return `${owner} and ${name} have the same code ${code}; the next free one is ${
        nextCode(codes.values(), prefix) ?? 'in another chapter'
      }`;
    }
    owners.set(code, name);
  }
  return undefined;
}

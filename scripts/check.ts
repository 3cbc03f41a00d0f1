import { unformatted } from './lib/format.ts';
import { layoutProblems } from './lib/layout.ts';
import { unused } from './lib/unused.ts';

/** Prints every breach of the layout's rules, what nothing uses, and every file that is not formatted; 1 when there is one. */
export function main(): number {
  const problems = [...layoutProblems(), ...unused(),
    ...unformatted().map((file) => `${file} is not formatted: npm run format`)];
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

import { layoutProblems } from './lib/layout.ts';

/** Prints every breach of the layout's rules; 1 when there is one. */
export function main(): number {
  const problems = layoutProblems();
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

// Notes which errors tests have really seen. When the test's process ends it prints them as comments of its TAP, from which
// scripts/test.ts reads after a run of everything whether any error of the table was never seen.
import { writeSync } from 'node:fs';

/** Where a code comes from: the command, or the engine within the test's own process. */
type Source = 'command' | 'engine';

const seen: Readonly<Record<Source, Set<string>>> = { command: new Set(), engine: new Set() };

/** Takes the codes of what the command has printed: errors and warnings as lines, or in JSON. */
export function noteOutput(...texts: readonly string[]): void {
  for (const text of texts) {
    for (const [, code = ''] of text.matchAll(/(?:\b(?:error|warning):? |"(?:code|ruleId)": ?")(E\d{4})\b/g))
      seen.command.add(code);
  }
}

/** Takes the codes of diagnostics that the engine has made, and gives them back. */
export function noteFound<T extends { readonly code: string } | readonly { readonly code: string }[]>(found: T): T {
  for (const { code } of Array.isArray(found) ? found : [found]) if (code !== '') seen.engine.add(code as string);
  return found;
}

process.on('exit', () => {
  for (const [source, codes] of Object.entries(seen))
    if (codes.size > 0) writeSync(1, `# codes of the ${source}: ${[...codes].sort().join(' ')}\n`);
});

import { crunMessages } from '../../src/diagnostic/crun.ts';
import { runcAlone, runcMessages } from '../../src/diagnostic/runc.ts';
import { table, type DiagnosticName } from '../../src/diagnostic/table.ts';
import type { Entry } from '../../src/diagnostic/types.ts';
import { notice } from './names.ts';

/**
 * Text of src/generated/diagnostics.ts: the table as one JSON text. As objects it would cost every start of the engine
 * a tenth of a millisecond, and only a start that fails needs it.
 */
export function diagnosticsText(): string {
  const entries = Object.fromEntries(
    Object.entries(table).map((
      [name, { native: _, ...entry }],
    ) => [name, { ...entry, ...runcWords(name as DiagnosticName), ...crunWords(name as DiagnosticName) }]),
  );
  return `// ${notice}

/** The lines of src/diagnostic/table.ts by their names, as JSON text. */
export const diagnosticsText = ${JSON.stringify(JSON.stringify(entries))};
`;
}

/** What a line of the table says under the name of runc. */
export function runcWords(name: DiagnosticName): Pick<Entry, 'runc' | 'alone'> {
  const alone = runcAlone[name];
  if (alone !== undefined) return { runc: alone, alone: true };
  const runc = runcMessages[name];
  return runc === undefined ? {} : { runc };
}

function crunWords(name: DiagnosticName): Pick<Entry, 'crun'> {
  const crun = crunMessages[name];
  return crun === undefined ? {} : { crun };
}

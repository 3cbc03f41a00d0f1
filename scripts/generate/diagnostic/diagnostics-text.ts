import { adapters } from '../../../src/compat/adapters.ts';
import { doctor } from '../../../src/diagnostic/table/doctor.ts';
import { table, type DiagnosticName } from '../../../src/diagnostic/table.ts';
import type { Entry, Wordings } from '../../../src/diagnostic/types.ts';
import { notice } from '../names.ts';

/**
 * Text of src/generated/diagnostics.ts: the table as one JSON text. As objects it would cost every start of the engine
 * a tenth of a millisecond, and only a start that fails needs it.
 */
export function diagnosticsText(): string {
  const entries = Object.fromEntries(
    Object.entries(table).map((
      [name, { native: _, ...entry }],
    ) => [name, { ...entry, ...wordingsOf(name as DiagnosticName) }]),
  );
  return `// ${notice}

/** The lines of src/diagnostic/table.ts by their names, as JSON text. */
export const diagnosticsText = ${JSON.stringify(JSON.stringify(entries))};
`;
}

/** Text of src/generated/doctor.ts: the table of what `doctor` says, as one JSON text for the same reason. */
export function doctorText(): string {
  return `// ${notice}

/** The lines of src/diagnostic/table/doctor.ts by their names, as JSON text. */
export const doctorText = ${JSON.stringify(JSON.stringify(doctor))};
`;
}

/** What a line of the table says under other names. */
function wordingsOf(name: DiagnosticName): Pick<Entry, 'wordings' | 'alone'> {
  const wordings: Wordings = Object.fromEntries(adapters.flatMap((adapter) => {
    const words = adapter.words[name] ?? adapter.wordsAlone[name];
    return words === undefined ? [] : [[adapter.name, words]];
  }));
  const alone = adapters.find((adapter) => adapter.wordsAlone[name] !== undefined)?.name;
  return {
    ...(Object.keys(wordings).length === 0 ? {} : { wordings }),
    ...(alone === undefined ? {} : { alone }),
  };
}

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { filesBelow } from '../../lib/files.ts';
import { inRoot, root } from '../../lib/root.ts';
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
  const source = engineSource();
  const [said, others]: [Record<string, object>, Record<string, object>] = [{}, {}];
  for (const [name, { native, ...entry }] of Object.entries(table)) {
    const lines = native !== true || source.includes(`'${name}'`) ? said : others;
    lines[name] = { ...entry, ...wordingsOf(name as DiagnosticName) };
  }
  const text = (lines: object): string => JSON.stringify(JSON.stringify(lines));
  return `// ${notice}

/** The lines of src/diagnostic/table.ts that the engine says, by their names, as JSON text. */
export const diagnosticsText = ${text(said)};

/** Those that only the native side says: the engine explains them. */
export const nativeDiagnosticsText = ${text(others)};
`;
}

/** All that the engine is made of, but the table: an entry that is named there is one that it may say. */
function engineSource(): string {
  return filesBelow(inRoot('src'), '.ts').filter((file) =>
    !/^src\/(generated|diagnostic\/table)\//.test(relative(root, file))
  ).map((file) => readFileSync(file, 'utf8')).join('');
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

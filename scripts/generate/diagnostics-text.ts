import { table } from '../../src/diagnostic/table.ts';
import { notice } from './names.ts';

/**
 * Text of src/generated/diagnostics.ts: the table as one JSON text. As objects it would cost every start of the engine
 * a tenth of a millisecond, and only a start that fails needs it.
 */
export function diagnosticsText(): string {
  const entries = Object.fromEntries(Object.entries(table).map(([name, { native: _, ...entry }]) => [name, entry]));
  return `// ${notice}

/** The lines of src/diagnostic/table.ts by their names, as JSON text. */
export const diagnosticsText = ${JSON.stringify(JSON.stringify(entries))};
`;
}

import { commands } from '../../../src/cli/table.ts';
import { notice } from '../names.ts';

/** Text of src/generated/limit-flags.ts: the flags of update, for the engine, which does not have the texts of the command line. */
export function limitFlags(): string {
  const rows = commands.flatMap(({ flags }) => flags).flatMap(({ name, limit }) => (limit ? [[name, ...limit]] : []));
  return `// ${notice}
// Flags that change a limit, from src/cli/table.ts: name, section of linux or of its resources, property, form of the value.

export const limitFlags = [
${rows.map((row) => `  [${row.map((text) => `'${text}'`).join(', ')}],\n`).join('')}] as const;
`;
}

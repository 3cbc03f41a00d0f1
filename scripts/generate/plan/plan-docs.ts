import { typeText } from './meta.ts';
import type { Field, Model, Operation, Struct } from './model.ts';
import { notice } from '../names.ts';

/** A text inside a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function fieldTable(fields: readonly Field[]): string {
  if (fields.length === 0) return 'No fields.\n';
  const rows = fields.map((field) => `| \`${field.name}\` | ${typeText(field.type)} | ${cell(field.description)} |\n`);
  return `| field | type | meaning |\n|---|---|---|\n${rows.join('')}`;
}

function operationText(operation: Operation): string {
  const steps = operation.steps.length === 0
    ? ''
    : `Steps: ${operation.steps.map((step) => `\`${step}\``).join(', ')}. `;
  const undo = operation.undo ? 'Undone when a later operation fails.' : '';
  return `### ${operation.op}

${operation.description}

Run by: ${operation.actors.join(', ')}. Programs: ${
    operation.programs.join(', ')
  }. Code ${operation.code}. ${steps}${undo}`
    .trimEnd() +
    `\n\n${fieldTable(operation.fields)}`;
}

function structText(struct: Struct): string {
  return `### ${struct.name}\n\n${struct.description}\n\n${fieldTable(struct.fields)}`;
}

/** Text of docs/plan-operations.md. */
export function planDocs(model: Model): string {
  const { enums, flags, structs } = model;
  const families = model.families.filter((family) => family.operations.length > 0);
  const programs = Object.entries(model.programs).map(([name, actor]) => `| \`${name}\` | ${actor} |\n`);
  const sets = flags.map(({ name, description, bits }) =>
    `### ${name}\n\n${description}\n\n${
      Object.entries(bits).map(([flag, bit]) => `- \`${flag}\` = 0x${bit.toString(16)}\n`).join('')
    }`
  );
  return `<!-- ${notice} -->
# Operations of a plan

${model.description}

\`veloci plan\` shows the plan of a bundle. A failed operation is reported with the name of the step that failed.
Types: \`u8\` to \`i64\` are integers, \`bool\` is true or false, \`str\` a text, \`bytes\` raw bytes, \`slot\` a numbered place for
a file descriptor, \`template\` a text with holes for run-time values, \`op\` an operation; \`list T\` and \`optional T\` are
made of another type.

| program | run by |
|---|---|
${programs.join('')}
${
    families.map((family) =>
      `## ${family.title}\n\n${family.description}\n\n${family.operations.map(operationText).join('\n')}`
    ).join('\n')
  }
## Structures

${structs.map(structText).join('\n')}
## Enumerations

${
    enums.map(({ name, description, values }) =>
      `### ${name}\n\n${description}\n\nValues: ${values.map((value) => `\`${value}\``).join(', ')}.\n`
    ).join('\n')
  }
## Flags

${sets.join('\n')}`;
}

import { chapters } from '../../src/audit/table.ts';
import { acceptance, type Rule, type Rules } from '../../src/audit/types.ts';
import { notice } from './names.ts';

/** A template as Markdown: holes in italics, the rest literally. */
function markdown(template: string): string {
  return template.split(/(\{[a-z]+\})/).map((part, index) =>
    index % 2 === 1 ? `*${part.slice(1, -1)}*` : part.replace(/[\\`*_<>[\]|{}]/g, (character) => `\\${character}`)
  ).join('');
}

function section(name: string, { risk, confined = risk, message, why, remedy, references }: Rule): string {
  const inNamespace = confined === risk ? '' : `; in a user namespace ${confined === 'none' ? 'no finding' : confined}`;
  // Some rules take their words from what was found.
  const reason = /^\{[a-z]+\}$/.test(why) ? '' : `\n\n  ${markdown(why)}`;
  return `- **${name}** (${risk}${inNamespace}): ${markdown(message)}${reason}\n  - ${markdown(remedy)}\n  - ${
    markdown(references.join(', '))
  }\n`;
}

/** Text of docs/audit.md: the rules of `veloci audit`. */
export function auditDocs(): string {
  const parts = Object.entries<Rules>(chapters).map(([title, rules]) =>
    `## ${title}\n\n${Object.entries(rules).map(([name, rule]) => section(name, rule)).join('')}`
  );
  return `<!-- ${notice} -->
# Rules of veloci audit

[guide/auditing.md](guide/auditing.md) shows how to use it. \`veloci explain RULE\` says the same on a terminal. Each rule has its
severity, what an attacker gets, the smallest change that ends it, and where to read on. Words in italics stand for values.
The annotation \`${acceptance}RULE\` accepts a finding; its value is the reason.

- critical: the host is lost with one call
- high: with little work
- medium: a further fault (of the kernel, of a program) is needed, or the host can be brought to a standstill
- low: a layer of defence is missing
- info: worth to know

"In a user namespace" is a new or joined one that has no id 0 of the host.

${parts.join('\n')}`;
}

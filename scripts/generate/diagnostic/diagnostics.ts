import { explanations } from '../../../src/diagnostic/explanations.ts';
import { retired } from '../../../src/diagnostic/table/retired.ts';
import { systemCalls } from '../../../src/diagnostic/table/system-calls.ts';
import { table, type DiagnosticName } from '../../../src/diagnostic/table.ts';
import type { Entry } from '../../../src/diagnostic/types.ts';
import { chapters, codeProblem } from './code-numbers.ts';
import { adapters } from '../../../src/compat/adapters.ts';
import { notice, snake, wrap } from '../names.ts';

type Part = { readonly text: string } | { readonly hole: string };

/** A template as its literal texts and its holes. A brace begins a hole only when a letter follows. */
function parts(template: string): Part[] {
  const result: Part[] = [];
  let offset = 0;
  for (const match of template.matchAll(/\{([A-Za-z][A-Za-z0-9]*)\}/g)) {
    if (match.index > offset) result.push({ text: template.slice(offset, match.index) });
    result.push({ hole: match[1]! });
    offset = match.index + match[0].length;
  }
  if (offset < template.length) result.push({ text: template.slice(offset) });
  return result;
}

function holes(...templates: readonly (string | undefined)[]): string[] {
  const names = templates.flatMap((template) =>
    parts(template ?? '').flatMap((part) => ('hole' in part ? [part.hole] : []))
  );
  return [...new Set(names)];
}

/** `process.start/died` as a type: `ProcessStartDied`. */
function typeName(name: string): string {
  return name.split(/[^A-Za-z0-9]+/).map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

function writeParts(template: string, indent: string): string {
  return parts(template).map((part) =>
    'hole' in part
      ? `${indent}sink.value(${snake(part.hole)});\n`
      : `${indent}sink.text(Str{${JSON.stringify(part.text)}, ${Buffer.byteLength(part.text)}});\n`
  ).join('');
}

/** Statements that write a hint and return, when all of its holes are filled. */
function hintText(template: string | undefined): string {
  if (template === undefined) return '';
  const filled = holes(template).map((hole) => `!${snake(hole)}.empty()`);
  if (filled.length === 0) return `${writeParts(template, '    ')}    return true;\n`;
  return `    if (${filled.join(' && ')}) {\n${writeParts(template, '      ')}      return true;\n    }\n`;
}

function hintFunction({ hint, otherwise }: Entry): string {
  if (hint === undefined) return '  template <class Sink> bool hint(Sink &) const { return false; }\n';
  const last = otherwise ?? hint;
  const end = holes(last).length > 0 ? '    return false;\n' : '';
  return `  template <class Sink> bool hint(Sink &sink) const {\n${hintText(hint)}${hintText(otherwise)}${end}  }\n`;
}

/** The message in the words of each name that has some. */
function messageFunction(name: string, { message }: Entry): string {
  const cases = adapters.flatMap((adapter) => {
    const words = adapter.words[name as DiagnosticName] ?? adapter.wordsAlone[name as DiagnosticName];
    return words === undefined
      ? []
      : [`    if (wording == Wording::${snake(adapter.name)}) {\n${writeParts(words, '      ')}      return;\n    }\n`];
  });
  const parameter = cases.length === 0 ? 'Wording' : 'Wording wording';
  return `  template <class Sink> void message(Sink &sink, ${parameter}) const {\n${cases.join('')}${
    writeParts(message, '    ')
  }  }\n`;
}

function declare(name: string, entry: Entry): string {
  const fields = holes(entry.message, entry.hint, entry.otherwise);
  return `${wrap(entry.message, '// ', 100)}
struct ${typeName(name)} {
  static constexpr char code[] = "${entry.code}";
  static constexpr bool is_warning = ${entry.warning === true};
${fields.map((field) => `  Str ${snake(field)} = {};\n`).join('')}
${messageFunction(name, entry)}${hintFunction(entry)}};
`;
}

function sortedEntries(): [string, Entry][] {
  const entries = Object.entries<Entry>(table).sort(([, a], [, b]) => (a.code < b.code ? -1 : 1));
  const codes = new Map(entries.map(([name, { code }]) => [name, code]));
  for (const code of Object.keys(retired)) codes.set(`the retired ${code}`, code);
  const problem = codeProblem(codes, isSame);
  if (problem !== undefined) throw new Error(`src/diagnostic: ${problem}`);
  return entries;
}

/** Whether two lines of the table are one error, which the native side and an operation raise, or two operations. */
export function isSame(one: string, other: string): boolean {
  const words = (name: string): string | undefined =>
    (table as Readonly<Record<string, Entry>>)[name]?.message.replace(/ \(\{errno\}\)/, '').replace(/\{\w+\}/g, '{}');
  return words(one) !== undefined && words(one) === words(other);
}

/** Text of native/generated/diagnostics.gen.h: the messages that native code raises. */
export function diagnosticsHeader(): string {
  const native = sortedEntries().filter(([, entry]) => entry.native === true);
  return `// ${notice}
// Errors and warnings that native code raises itself, from src/diagnostic/table.ts.
#pragma once
#include "base/types.h"

// Each type is one error, its members fill the holes of the message. \`message\` and \`hint\` write to a sink with
// text(Str) for what the table says and value(Str) for a filling, which the sink must clean of control characters.
// \`hint\` writes nothing and returns false when the error has no hint, or one that needs a member that is empty.
namespace veloci::diagnostic {

// Whose words a message has, from src/compat.
enum class Wording : uint8_t {
${wrap(adapters.map((adapter) => `${snake(adapter.name)},`).join(' '), '  ', 100)}
};

// What E0906 could not do.
namespace what {
${
    Object.entries(systemCalls).map(([name, text]) =>
      `inline constexpr Str ${snake(name)}{${JSON.stringify(text)}, ${text.length}};\n`
    ).join('')
  }} // namespace what

${native.map(([name, entry]) => declare(name, entry)).join('\n')}
} // namespace veloci::diagnostic
`;
}

/** A template as Markdown: holes in italics, the rest literally. */
function markdown(template: string): string {
  return parts(template).map((part) =>
    'hole' in part
      ? `*${part.hole}*`
      : part.text.replace(/[\\`*_<>[\]|{}]/g, (character) => `\\${character}`)
  ).join('');
}

type Group = readonly [readonly [name: string, entry: Entry], ...(readonly [name: string, entry: Entry])[]];

/** The lines of the table by their codes: mostly one each. */
function groups(entries: readonly (readonly [string, Entry])[]): Group[] {
  const groups = new Map<string, [readonly [string, Entry], ...(readonly [string, Entry])[]]>();
  for (const line of entries) {
    const group = groups.get(line[1].code);
    if (group === undefined) groups.set(line[1].code, [line]);
    else group.push(line);
  }
  return [...groups.values()];
}

function hintsOf(group: Group): string[] {
  return [
    ...new Set(group.flatMap(([, { hint, otherwise }]) => [hint, otherwise]).filter((hint) => hint !== undefined)),
  ];
}

/** The background of codes that have some. */
export function backgrounds(): Record<string, string> {
  return Object.fromEntries(sortedEntries().flatMap(([name, { code }]) => {
    const why = explanations[name as DiagnosticName];
    return why === undefined ? [] : [[code, why]];
  }));
}

/** Text of docs/error-codes.md. */
export function diagnosticsDocs(): string {
  const entries = sortedEntries();
  const text = chapters.map(([prefix, title]) => {
    const lines = groups(entries).filter(([[, { code }]]) => code.startsWith(prefix)).map((group) => {
      const [[name, entry]] = group;
      const kind = entry.warning === true ? ' (warning)' : '';
      const hints = hintsOf(group).map((hint) => `  - ${markdown(hint)}\n`).join('');
      const why = explanations[name as DiagnosticName];
      const background = why === undefined ? '' : `\n  ${markdown(why)}\n`;
      return `- **${entry.code}**${kind} ${markdown(entry.message)}\n${hints}${background}`;
    });
    for (const [old, now] of Object.entries(retired))
      if (old.startsWith(prefix)) lines.push(`- **${old}** is now ${now}\n`);
    return `## ${prefix}xx: ${title}\n\n${lines.join('') || 'None yet.\n'}`;
  });
  return `<!-- ${notice} -->
# Error codes

Every error and warning has a stable code. Words in italics stand for values; below a message is what to do about it, and why.

${text.join('\n')}`;
}

import { errnoName, errnoWords } from './errno.ts';
import { indent, mark } from './marks.ts';
import type { Diagnostic } from './types.ts';

function place(diagnostic: Diagnostic): string {
  const { at } = diagnostic;
  if (at === undefined) return '';
  const position = at.line > 0 ? `${at.file}:${at.line}:${at.column}` : at.file;
  return at.pointer === '' ? position : `${position} (${at.pointer})`;
}

/** Why: `: not there (ENOENT, step open)`, or without the words where the message has said it. */
function cause({ errno, step, known }: Diagnostic): string {
  if (errno === undefined) return '';
  const words = known ? '' : errnoWords(errno);
  const name = errnoName(errno) + (step === undefined ? '' : `, step ${step}`);
  if (known) return ` (${name})`;
  return words === '' ? `: ${name}` : `: ${words} (${name})`;
}

/**
 * One line that stands alone: `CODE: MESSAGE at FILE:LINE:COLUMN (POINTER): CAUSE: HINT`, without the parts that are
 * not there; OUTPUT takes the place of HINT.
 */
export function renderLine(diagnostic: Diagnostic): string {
  const where = place(diagnostic);
  let line = diagnostic.code === '' ? diagnostic.message : `${diagnostic.code}: ${diagnostic.message}`;
  if (where !== '') line += ` at ${where}`;
  const rest = diagnostic.output ?? diagnostic.hint;
  return line + cause(diagnostic) + (rest === undefined ? '' : `: ${rest}`);
}

/**
 * The form for a terminal: message, place, source line with a caret, help; with {@link mark marks} for colours.
 *
 * @param text the configuration file, when there is one
 */
export function renderLong(diagnostic: Diagnostic, text?: string): string {
  if (diagnostic.code === '') return diagnostic.message;
  const { at, severity } = diagnostic;
  const head = coloured(severity, `${severity} ${diagnostic.code}`);
  const lines = [`${head}: ${indent}${diagnostic.message}${cause(diagnostic)}`];
  const where = place(diagnostic);
  if (where !== '') lines.push(`  ${coloured('frame', '-->')} ${where}`);
  if (at !== undefined && at.line > 0 && text !== undefined) {
    const { source, caret } = excerpt(text, at.line, at.column, at.length);
    const number = String(at.line);
    const margin = ' '.repeat(number.length);
    lines.push(
      `${margin} ${coloured('frame', '|')}`,
      `${coloured('frame', `${number} |`)} ${source}`,
      `${margin} ${coloured('frame', '|')} ${coloured(severity, caret)}`,
    );
  }
  if (diagnostic.output !== undefined) lines.push(`  ${coloured('label', 'output')}: ${indent}${diagnostic.output}`);
  if (diagnostic.hint !== undefined) lines.push(`  ${coloured('label', 'help')}: ${indent}${diagnostic.hint}`);
  return lines.join('\n');
}

function coloured(meaning: Exclude<keyof typeof mark, 'off'>, text: string): string {
  return mark[meaning] + text + mark.off;
}

/** Most of a source line that is shown, in UTF-16 units. */
const widest = 100;

/** The marked line, cut around the mark, and the line below it with the carets. */
function excerpt(text: string, line: number, column: number, length: number): { source: string; caret: string } {
  let begin = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf('\n', begin);
    if (end < 0) break;
    begin = end + 1;
  }
  const lineEnd = text.indexOf('\n', begin);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const mark = begin + column - 1;
  // A line of a hostile file may be megabytes long.
  const from = mark - begin > widest - 20 ? mark - widest / 2 : begin;
  const to = Math.min(end, from + widest);
  const before = from > begin ? '... ' : '';
  const shown = text.slice(from, to).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/g, displayed);
  return {
    source: (before + shown).trimEnd(),
    caret: ' '.repeat(before.length + mark - from) + '^'.repeat(Math.max(1, Math.min(length, to - mark))),
  };
}

/** Something of the same width for a character that a terminal would act on; surrogate pairs stay. */
function displayed(unit: string, offset: number, whole: string): string {
  const code = unit.charCodeAt(0);
  if (code < 0xd800 || code > 0xdfff) return ' ';
  const other = whole.charCodeAt(code < 0xdc00 ? offset + 1 : offset - 1);
  return (code < 0xdc00 ? other >= 0xdc00 && other < 0xe000 : other >= 0xd800 && other < 0xdc00) ? unit : ' ';
}

/** Keys that a diagnostic adds to the object of a JSON log, beside level, msg and time. */
export function jsonKeys(diagnostic: Diagnostic): Record<string, string | number> & { readonly code: string } {
  const { code, at, output, hint, errno, step } = diagnostic;
  return {
    code,
    ...(at === undefined
      ? {}
      : { file: at.file, pointer: at.pointer, ...(at.line > 0 ? { line: at.line, column: at.column } : {}) }),
    ...(output === undefined ? {} : { output }),
    ...(hint === undefined ? {} : { hint }),
    ...(errno === undefined ? {} : { errno: errnoName(errno) }),
    ...(step === undefined ? {} : { step }),
  };
}

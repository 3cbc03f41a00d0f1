import { diagnosticsText } from '../generated/diagnostics.ts';
import { errno, errnoName } from './errno.ts';
import type { DiagnosticName } from './table.ts';
import type { Diagnostic, Entry, Holes, Place, Wordings } from './types.ts';
import type { Failure } from '../generated/protocol.ts';

let parsed: Readonly<Record<string, Entry>> | undefined;

/** What the engine says, by the names of the table. */
export function entries(): Readonly<Record<string, Entry>> {
  return parsed ??= JSON.parse(diagnosticsText) as Readonly<Record<string, Entry>>;
}

/** Most of a value that a message repeats, in UTF-16 units. */
const longest = 200;

function clean(value: string | number | bigint): string {
  const text = String(value);
  // Control characters must not reach a terminal or break the one line.
  const printable = text.slice(0, longest).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escapeUnit);
  return text.length > longest ? `${dropHalf(printable)}...` : printable;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Without the first half of a surrogate pair that was cut. */
function dropHalf(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? text.slice(0, -1) : text;
}

/** Fills the holes of a template; undefined when `textOf` has no text for the value of one. */
function fill(
  template: string,
  holes: Holes,
  textOf: (value: Holes[string]) => string | undefined,
): string | undefined {
  let result = '';
  let offset = 0;
  for (;;) {
    const open = findHole(template, offset);
    if (open < 0) return result + template.slice(offset);
    const close = template.indexOf('}', open);
    const text = textOf(holes[template.slice(open + 1, close)]);
    if (text === undefined) return undefined;
    result += template.slice(offset, open) + text;
    offset = close + 1;
  }
}

/** Next brace that begins a hole: a letter follows. (Hints show JSON with braces, too.) */
function findHole(template: string, from: number): number {
  for (let open = template.indexOf('{', from); open >= 0; open = template.indexOf('{', open + 1)) {
    const next = template.charCodeAt(open + 1) | 32;
    if (next >= 97 && next <= 122) return open;
  }
  return -1;
}

/** A message with every hole filled; a hole without a value shows as `?`, an empty one as nothing. */
export function fillAll(template: string, holes: Holes): string {
  return fill(template, holes, (value) => (value === undefined ? '?' : clean(value)))!;
}

/** A hint, or undefined when it has nothing to say about one of its holes. */
function fillHint(template: string | undefined, holes: Holes): string | undefined {
  return template === undefined
    ? undefined
    : fill(template, holes, (value) => (value === undefined || value === '' ? undefined : clean(value)));
}

function fillWordings(wordings: Wordings, holes: Holes): Wordings {
  return Object.fromEntries(Object.entries(wordings).map(([name, words]) => [name, fillAll(words, holes)]));
}

function build(entry: Entry, holes: Holes, extra: Partial<Diagnostic>): Diagnostic {
  const hint = fillHint(entry.hint, holes) ?? fillHint(entry.otherwise, holes);
  const output = fillHint(entry.output, holes);
  return {
    code: entry.code,
    message: fillAll(entry.message, holes),
    severity: entry.warning === true ? 'warning' : 'error',
    ...(output === undefined ? {} : { output }),
    ...(hint === undefined ? {} : { hint }),
    ...(entry.wordings === undefined ? {} : { wordings: fillWordings(entry.wordings, holes) }),
    ...(entry.alone === undefined ? {} : { alone: entry.alone }),
    ...extra,
  };
}

/**
 * Makes a diagnostic from a line of the table.
 *
 * @param name line of the table
 * @param holes fillings of its message and hint; control characters are escaped, long values are cut
 * @param place where in a configuration file
 */
export function diagnose(name: DiagnosticName, holes: Holes = {}, place?: Place): Diagnostic {
  return build(entries()[name] as Entry, holes, place === undefined ? {} : { at: place });
}

/** The message of a code with its holes, `{name}`; empty when there is no such code. */
export function templateOf(code: string): string {
  return Object.values(entries()).find((entry) => entry.code === code)?.message ?? '';
}

/** A place that is known by its pointer only; {@link locateAll} of src/spec adds line and column. */
export function placeAt(pointer: string, file = 'config.json'): Place {
  return { file, pointer, line: 0, column: 0, length: 1 };
}

/**
 * Makes the diagnostic of a plan's operation that failed: from the most exact line of the table for operation, step
 * and errno.
 *
 * @param op name of the operation
 * @param step name of the step, or undefined
 * @param failure as the executor reports it
 * @param fields fields of the operation, which fill the holes
 */
export function diagnoseFailure(
  op: string,
  step: string | undefined,
  failure: Failure,
  fields: Holes,
  place?: Place,
): Diagnostic {
  const all = entries();
  const suffix = failure.errno === 0 ? '' : `:${errnoName(failure.errno)}`;
  const entry = all[`${op}/${step}${suffix}`] ?? all[`${op}/${step}`] ?? all[`${op}${suffix}`] ?? all[op];
  if (entry === undefined) return diagnose('internal', { what: `${op} has failed${suffix}` });
  // A line of the table for this very errno has said why.
  const exact = suffix !== '' && (`${op}/${step}${suffix}` in all || `${op}${suffix}` in all);
  // So has one for what was seen of a program's file.
  const known = exact || op === 'program.find' || (op === 'process.start' && `${op}/${step}` in all);
  // Whatever it is for: the call is missing, not its arguments wrong.
  const lacking = failure.errno === errno.ENOSYS && !exact;
  // Attributes of a whole tree and mapped ids take mount_setattr(2), the one call that is younger than the oldest kernel.
  const since = op.startsWith('mount.') && step === 'attr' ? '5.12' : '5.10';
  const holes = { operation: op, ...(failure.detail?.words === undefined ? {} : { detail: failure.detail.words }),
    ...fields };
  return build(entry, holes, {
    ...(place === undefined ? {} : { at: place }),
    ...(lacking
      ? {
        hint:
          `use Linux ${since} or newer; inside of a container, let the seccomp profile of the outer one allow the call (see "veloci doctor")`,
      }
      : {}),
    ...(failure.errno === 0 ? {} : { errno: failure.errno, ...(known ? { known: true as const } : {}) }),
    ...(step === undefined ? {} : { step }),
  });
}

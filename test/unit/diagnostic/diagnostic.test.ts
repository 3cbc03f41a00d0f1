import { test } from 'tap';
import { diagnose, diagnoseFailure, placeAt } from '../../../src/diagnostic/diagnose.ts';
import { jsonKeys, renderLine, renderLong } from '../../../src/diagnostic/render.ts';
import { isSame } from '../../../scripts/generate/diagnostic/diagnostics.ts';
import { unmarked } from '../../support/unmarked.ts';
import { table } from '../../../src/diagnostic/table.ts';
import { errno as numbers, errnoName, errnoWords } from '../../../src/diagnostic/errno.ts';
import { operations } from '../../../src/generated/plan-meta.ts';

const entries = Object.entries(table);

/** A file that the command is given, and one that the configuration names: only the second has a place there. */
const unlike: ReadonlySet<string> = new Set(['fileOpen', 'fd.open']);

/** Lines whose hint is a hole that is always filled. */
const always: ReadonlySet<string> = new Set(['wrongType', 'missing', 'tooFew', 'emptyValue', 'jsonSyntax', 'jsonNumber',
  'flagForm', 'cgroupVersion', 'specFlag', 'migrateRefused', 'landlockFault']);

void test('the table', (t) => {
  const codes = new Map<string, string>();
  for (const [name, { code, message, hint, otherwise }] of entries) {
    t.match(code, /^E(0[1-9]|10)\d\d$/, name);
    const owner = codes.get(code);
    t.ok(owner === undefined || isSame(owner, name), `${name} has the code of ${owner}`);
    codes.set(code, name);
    // Nor is one failure two codes.
    const twin = entries.find(([other, entry]) => entry.code !== code && isSame(other, name))?.[0];
    t.ok(twin === undefined || unlike.has(name), `${name} says what ${twin} says`);
    // What to do is said whatever the holes are filled with.
    t.ok(hint !== undefined, `${name}: a hint`);
    if (/^\{\w+\}$/.test(hint ?? '') && !always.has(name))
      t.ok(otherwise !== undefined, `${name}: a hint without its hole`);
    for (const text of [message, hint, otherwise]) {
      if (text === undefined) continue;
      t.notMatch(text, /\.$|^\s|\s$|  |\n/, `${name}: one line without a final period`);
      t.notMatch(text, /^[A-Z][a-z]/, `${name}: lower case`);
    }
  }
  t.end();
});

void test('only failures of the program use the words that engines turn into exit codes', (t) => {
  const words =
    /permission denied|operation not permitted|no such file or directory|is a directory|executable file not found|open executable/i;
  const programs =
    /^(process\.start\/(notFound|interpreter|notExecutable|crlf|special|mode|noexec|interpreterMode|refused)|program\.(find|run)(\/.*)?|programEmpty|cwd\.enter:ENOENT)$/;
  for (const [name, { message, hint, otherwise }] of entries) {
    if (!programs.test(name)) t.notMatch(`${message} ${hint} ${otherwise}`, words, name);
  }
  for (let errno = 1; errno < 140; errno++) t.notMatch(errnoWords(errno), words);
  t.match(table['program.find'].message, /executable file not found in/);
  t.match(table['process.start/notFound'].message, /no such file or directory/);
  t.match(table['process.start/notExecutable'].message, /permission denied/);
  t.match(table['containerMissing'].message, /does not exist/);
  t.match(table['notRunning'].message, /container not running/);
  t.match(table['flagNeedsArgument'].message, /flag needs an argument/);
  t.end();
});

void test('every operation and step that the table names exists, and every operation has a line', (t) => {
  const known = new Map(Object.entries(operations()).map(([op, { steps }]) => [op, steps]));
  const named = new Set<string>();
  for (const [name] of entries) {
    if (!name.includes('.')) continue;
    const [op, step] = (name.split(':')[0] as string).split('/') as [string, string | undefined];
    named.add(op);
    t.ok(known.has(op), name);
    if (step !== undefined) t.ok(known.get(op)?.includes(step), `${name}: step`);
  }
  for (const [op, steps] of known) if (steps.length > 0) t.ok(named.has(op), `${op} has a line`);
  t.end();
});

void test('the numbers that something depends on are those of the table', (t) => {
  for (const [name, number] of Object.entries(numbers)) t.equal(errnoName(number), name);
  t.end();
});

void test('one line', (t) => {
  const place = { file: 'config.json', pointer: '/mounts/3/options/1', line: 41, column: 17, length: 8 };
  t.equal(renderLine(diagnose('mountOption', { value: 'nosiud', suggestion: 'nosuid', type: 'proc' }, place)),
    'E0412: unknown mount option "nosiud" at config.json:41:17 (/mounts/3/options/1): the nearest known name is "nosuid"');
  const failure = { program: 'init', index: 4, step: 0, errno: 2 };
  t.equal(renderLine(diagnoseFailure('mount.bind', 'source', failure, { source: '/nope', target: '/mnt' }, place)),
    'E0723: the source "/nope" of the bind mount on "/mnt" is missing at config.json:41:17 (/mounts/3/options/1) '
      + '(ENOENT, step source): make it, or remove the mount');
  t.equal(renderLine(diagnose('processMissing', {}, placeAt(''))),
    'E0407: there is no process: the container can be created, but not started at config.json: add "process" with "args" and "cwd"');
  t.equal(renderLine(diagnoseFailure('net.up', undefined, { ...failure, errno: 250 }, {})),
    'E0782: cannot bring the loopback interface up: errno 250: it requires CAP_NET_ADMIN over the network namespace');
  t.equal(renderLine(diagnoseFailure('new.op', 'x', { ...failure, errno: 0, detail: { words: 'words' } }, {})),
    'E0901: internal error: new.op has failed: please report it with the command line and config.json');
  t.end();
});

void test('values cannot break the line or a terminal', (t) => {
  const { message } = diagnose('unknownKey', { name: 'a\nb\u001b[31m\u009b\u2028c' });
  t.equal(message, 'unknown property "a\\u000ab\\u001b[31m\\u009b\\u2028c"');
  t.equal(diagnose('unknownKey', { name: '{suggestion}', suggestion: '{name}' }).message,
    'unknown property "{suggestion}"');
  t.ok(diagnose('unknownKey', { name: '\u{1f600}'.repeat(1000) }).message.length < 250);
  t.end();
});

void test('the long form', (t) => {
  const text = '{\n\t"mounts": ["nosiud"]\n}';
  const place = { file: 'config.json', pointer: '/mounts/0', line: 2, column: 13, length: 8 };
  const diagnostic = diagnose('mountOption', { value: 'nosiud', suggestion: 'nosuid' }, place);
  const plain = (...args: Parameters<typeof renderLong>): string => unmarked(renderLong(...args));
  t.matchSnapshot(plain(diagnostic, text));
  t.matchSnapshot(renderLong(diagnostic, text).replace(/[\u0001-\u0006\u000e]/g, (c) => `<${c.charCodeAt(0)}>`));
  t.matchSnapshot(plain(diagnostic));
  const wide = `["${'x'.repeat(5000)}", "\u001b]0;bad\u0007", 7]`;
  t.matchSnapshot(plain(diagnose('wrongType', { name: 'x', expected: 'a text', found: 'a number' }, {
    ...place,
    line: 1,
    column: wide.indexOf('7]') + 1,
    length: 1,
  }), wide));
  t.matchSnapshot(plain(diagnose('notUtf8', { offset: 3 }, { ...place, line: 0, column: 0, pointer: '' })));
  t.end();
});

void test('keys for a JSON log', (t) => {
  const place = { file: 'config.json', pointer: '/a', line: 2, column: 3, length: 1 };
  const failure = { program: 'init', index: 0, step: 0, errno: 1 };
  t.same(jsonKeys(diagnoseFailure('net.up', 'socket', failure, {}, place)), { code: 'E0782', file: 'config.json',
    pointer: '/a', line: 2, column: 3, errno: 'EPERM', step: 'socket',
    hint: 'it requires CAP_NET_ADMIN over the network namespace' });
  t.same(jsonKeys(diagnose('argsEmpty')), { code: 'E0408', hint: 'name the program to run, for example ["sh"]' });
  t.end();
});

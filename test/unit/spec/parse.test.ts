import { test } from 'tap';
import type { Diagnostic } from '../../../src/diagnostic/types.ts';
import { plainHost } from '../../support/code/plain-host.ts';
import { parseExact } from '../../../src/spec/parse/exact.ts';
import { locate } from '../../../src/spec/parse/locate.ts';
import { parseDocument, type Document } from '../../../src/spec/parse/parse.ts';
import { Inexact } from '../../../src/spec/parse/value.ts';
import { noteFound } from '../../support/codes.ts';

const host = plainHost();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): Document => parseDocument(bytes(text), host, 'config.json');

function value(text: string): unknown {
  const parsed = parseExact(text);
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault.name}`);
  return parsed.value;
}

function error(text: string): Diagnostic {
  const result = parse(text);
  if ('value' in result) throw new Error(`${text} was accepted`);
  return noteFound(result.error);
}

void test('valid texts (RFC 8259)', (t) => {
  const cases: [string, unknown][] = [
    ['{}', {}],
    ['[]', []],
    [' \t\r\n[ ] ', []],
    ['null', null],
    ['true', true],
    ['"a"', 'a'],
    ['0', 0],
    ['-1', -1],
    ['{"a":{"b":[1,[2,{}],[]]},"":0}', { a: { b: [1, [2, {}], []] }, '': 0 }],
    ['"\\u0041\\n\\/\\"\\\\\\b\\f\\r\\t"', 'A\n/"\\\b\f\r\t'],
    ['"\\ud83d\\ude00 \u{1f600} ü"', '\u{1f600} \u{1f600} ü'],
    ['"\u007f"', '\u007f'],
    ['{"constructor":1,"toString":[]}', { constructor: 1, toString: [] }],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['\ufeff[1]', [1]],
  ];
  for (const [text, expected] of cases) t.same(value(text), expected, text);
  t.ok(Object.is(value('-0'), -0));
  t.end();
});

void test('numbers that are no integer literals keep their text', (t) => {
  for (const text of ['1.0', '1e3', '-2.5E-7', '0e0', '1'.repeat(41), '1e999']) {
    const result = value(`[${text}]`) as unknown[];
    t.ok(result[0] instanceof Inexact, text);
    t.equal(String(result[0]), text);
  }
  t.end();
});

void test('__proto__ is an ordinary key', (t) => {
  const result = parse('{"annotations":{"__proto__":{"polluted":"yes"},"a":"b"}}') as { value: unknown };
  const { annotations } = result.value as { annotations: object };
  t.same(Object.keys(annotations), ['__proto__', 'a']);
  t.equal(Object.getPrototypeOf(annotations), Object.prototype);
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
  t.end();
});

void test('invalid texts: code, position and pointer', (t) => {
  const cases: [string, string, number, number, string][] = [
    ['', 'E0211', 1, 1, ''],
    ['  \n ', 'E0211', 1, 1, ''],
    ['{"a":1,}', 'E0212', 1, 8, ''],
    ['[1,]', 'E0212', 1, 4, '/1'],
    ['[1 2]', 'E0212', 1, 4, '/1'],
    ['{a:1}', 'E0212', 1, 2, ''],
    ['{"a" 1}', 'E0212', 1, 6, '/a'],
    ['{"a":1 "b":2}', 'E0212', 1, 8, '/a'],
    ["{'a':1}", 'E0212', 1, 2, ''],
    ['[,1]', 'E0212', 1, 2, '/0'],
    ['tru', 'E0212', 1, 1, ''],
    ['[nulll]', 'E0212', 1, 2, '/0'],
    ['// no\n{}', 'E0212', 1, 1, ''],
    ['[}', 'E0212', 1, 2, '/0'],
    ['{"a":1}\n{', 'E0213', 2, 1, ''],
    ['1 2', 'E0213', 1, 3, ''],
    ['\u00a0{}', 'E0212', 1, 1, ''],
    ['{"a":\n {"b/c":[0, {"x":1,\n"x":2}]}}', 'E0215', 3, 1, '/a/b~1c/1/x'],
    ['["\\u0000"]', 'E0216', 1, 3, '/0'],
    ['["\0"]', 'E0216', 1, 3, '/0'],
    ['["\\ud800x"]', 'E0217', 1, 3, '/0'],
    ['["\\udc00"]', 'E0217', 1, 3, '/0'],
    ['["\\ud800\\u0041"]', 'E0217', 1, 3, '/0'],
    ['["\\x41"]', 'E0218', 1, 3, '/0'],
    ['["\\u12g4"]', 'E0218', 1, 3, '/0'],
    ['["a\tb"]', 'E0219', 1, 4, '/0'],
    ['["abc\n"]', 'E0220', 1, 2, '/0'],
    ['{"abc', 'E0220', 1, 2, ''],
    ['["\\', 'E0218', 1, 3, '/0'],
    ['[01]', 'E0221', 1, 2, '/0'],
    ['[-]', 'E0221', 1, 2, '/0'],
    ['[1.]', 'E0221', 1, 2, '/0'],
    ['[1e]', 'E0221', 1, 2, '/0'],
    ['[0x1f]', 'E0221', 1, 2, '/0'],
    ['[+1]', 'E0212', 1, 2, '/0'],
    ['[.5]', 'E0212', 1, 2, '/0'],
    ['[NaN]', 'E0212', 1, 2, '/0'],
    ['{"a":', 'E0222', 1, 6, '/a'],
    ['[1', 'E0222', 1, 3, '/1'],
    ['{', 'E0222', 1, 2, ''],
    ['{"a"', 'E0222', 1, 5, '/a'],
  ];
  for (const [text, code, line, column, pointer] of cases) {
    const { code: found, at, message } = error(text);
    t.same([found, at?.line, at?.column, at?.pointer], [code, line, column, pointer],
      `${JSON.stringify(text)}: ${message}`);
    t.notMatch(message, /\?$|undefined/, message);
  }
  const bad = parseDocument(Uint8Array.of(0x22, 0xc3, 0x28, 0x22), host, 'c.json') as { error: Diagnostic };
  t.same([bad.error.code, bad.error.message], ['E0210', 'invalid UTF-8 at byte 1']);
  t.end();
});

void test('nesting is limited and needs no stack', (t) => {
  t.equal(error('['.repeat(65)).code, 'E0214');
  t.equal(error('['.repeat(1_000_000)).code, 'E0214');
  t.equal(error('{"a":'.repeat(90_000)).code, 'E0214');
  t.equal(error('{"a":'.repeat(1_000_000)).code, 'E0223', 'the number of members is limited too');
  t.ok('value' in parse('['.repeat(64) + ']'.repeat(64)));
  t.end();
});

void test('hostile texts take linear time', (t) => {
  const begin = process.hrtime.bigint();
  error(`["${'\\"'.repeat(500_000)}`);
  error(`[${'1'.repeat(1_000_000)}`);
  error(`[${' '.repeat(1_000_000)}`);
  error(`{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":0`).join(',')},"k7":1}`);
  error(`[${'1.'.repeat(200_000)}`);
  t.ok(process.hrtime.bigint() - begin < 4_000_000_000n);
  t.end();
});

/** A small deterministic generator of random numbers. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomJson(pick: (below: number) => number, depth: number): string {
  const space = [' ', '', '\n', '\t'][pick(4)] as string;
  const text = (): string =>
    JSON.stringify(Array.from({ length: pick(6) }, () => 'ab"\\ü\u{1f600}/\n_'[pick(9)]).join('')
      .replace(/[\ud800-\udfff]/g, 'z'));
  switch (pick(depth > 4 ? 5 : 8)) {
    case 0:
      return String(pick(2 ** 31) - 2 ** 30);
    case 1:
      return ['true', 'false', 'null', '-0', '0', '123456789012345'][pick(6)] as string;
    case 2:
      return ['9007199254740993', '1.5', '18446744073709551616', '"\\u00e9"'][pick(4)] as string;
    case 3:
    case 4:
      return text();
    case 5:
      return `[${space}${
        Array.from({ length: pick(4) }, () => randomJson(pick, depth + 1)).join(`${space},`)
      }${space}]`;
    default:
      return `{${space}${
        Array.from({ length: pick(5) }, (_, i) => `"k${pick(20) === 0 ? 0 : i}"${space}:${randomJson(pick, depth + 1)}`)
          .join(',')
      }${space}}`;
  }
}

void test('the fast way and the exact way agree on random texts', (t) => {
  let fast = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const text = randomJson(random(seed), 0);
    const scan = host.scan(bytes(text));
    if (scan.plain) fast++;
    const both = parse(text);
    const exact = parseExact(text);
    if ('fault' in exact) {
      if ('value' in both) t.fail(`the fast way takes what the exact one refuses: ${text}`);
    } else if ('value' in both) {
      if (!t.same(both.value, exact.value)) t.comment(text);
    } else {
      t.fail(`only the exact way takes ${text}`);
    }
    // One damaged character: both must refuse, or agree.
    const offset = seed % text.length;
    const damaged = text.slice(0, offset) + '}],:"x0\\'[seed % 8] + text.slice(offset + 1);
    const again = parse(damaged);
    const exactAgain = parseExact(damaged);
    t.equal('value' in again, 'value' in exactAgain, damaged);
    if ('value' in again && 'value' in exactAgain) t.same(again.value, exactAgain.value);
  }
  t.ok(fast > 1000, `${fast} texts went the fast way`);
  t.end();
});

void test('positions of values and keys', (t) => {
  const text = '{\n  "a/b": [1, {"x\\u0041": "v", "~": {}}],\n  "list": [ "s" , true,\n [2]]\n}';
  const cases: [string, 'key' | 'value', number, number, number][] = [
    ['', 'value', 1, 1, 1],
    ['/a~1b', 'key', 2, 3, 5],
    ['/a~1b', 'value', 2, 10, 1],
    ['/a~1b/0', 'value', 2, 11, 1],
    ['/a~1b/1/xA', 'key', 2, 15, 9],
    ['/a~1b/1/xA', 'value', 2, 26, 3],
    ['/a~1b/1/~0', 'value', 2, 36, 1],
    ['/list/0', 'value', 3, 13, 3],
    ['/list/1', 'value', 3, 19, 4],
    ['/list/2/0', 'value', 4, 3, 1],
    ['/list/9', 'value', 3, 11, 1],
    ['/missing', 'value', 1, 1, 1],
    ['/a~1b/1/none/deep', 'value', 2, 14, 1],
  ];
  for (const [pointer, part, line, column, length] of cases) {
    t.same(locate(text, pointer, part), { line, column, length }, `${part} of ${pointer}`);
  }
  t.end();
});

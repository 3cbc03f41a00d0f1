// The scanner of TOML: what is in a text, and what is none.
import t from 'tap';
import { scanToml, TomlFault } from '../../../src/configure/toml-scan.ts';

t.test('every form of key and value', async (t) => {
  const { entries, tables } = scanToml(`\ufefftop = 1 # comment
a.b."c d".'e' = true
"quoted\\u0041" = 'literal \\'
long = """one
"two" \\
   three"""
raw = '''x
y'''
numbers = [1_000, -2.5e3, 0xff, 0o7, 0b1, +inf, nan, 1979-05-27, 1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5, 07:32:00]
mixed = [ # here
  [1, 2], {x = 1, "y.z" = [3]},
]
inline = {} # empty

[table . "sub"] # header
key="value"
[[list]]
key = 1
[list.inner]
key = 2
[[list]]
key = 3
[list.inner]
key = 4`);
  const paths = entries.map(({ path }) => path.filter((name) => !name.startsWith('[[')).join('|'));
  t.match(paths, ['top', 'a|b|c d|e', 'quotedA', 'long', 'raw', 'numbers', 'x', 'y.z', 'mixed', 'inline',
    'table|sub|key', 'list|key']);
  t.equal(entries[3]!.value.text, 'one\n"two" three');
  t.equal(entries[5]!.value.elements!.length, 11);
  t.equal(tables.length, 6);
});

const faults: readonly (readonly [text: string, offset: number, words: RegExp])[] = [
  ['a = ', 4, /value/],
  ['a = b', 4, /"b" is no value/],
  ['a = 1 2', 6, /line should end/],
  ['a', 1, /followed by "="/],
  ['= 1', 0, /a key/],
  ['[a', 2, /ends with "\]"/],
  ['[a]\nb = "x', 8, /no closing quote/],
  ['a = "\\q"', 5, /no escape/],
  ['a = [1 2]', 7, /separated/],
  ['a = {x = 1 y = 2}', 11, /separated/],
  ['a = 1\na = 2', 6, /twice/],
  ['[a]\n[a]', 4, /twice/],
  ['a = [1, 2', 9, /separated|value/],
  [`a = ${'['.repeat(80)}`, 69, /nested/],
];

t.test('what is no TOML, and where', async (t) => {
  for (const [text, offset, words] of faults) {
    try {
      scanToml(text);
      t.fail(text);
    } catch (error) {
      if (!(error instanceof TomlFault)) throw error;
      t.match(error.message, words, text);
      t.equal(error.offset, offset, text);
    }
  }
});

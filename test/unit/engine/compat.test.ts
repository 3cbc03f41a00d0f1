// The names runc and crun: what they change stands in src/compat, and nothing else asks for them.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import t from 'tap';
import { filesBelow } from '../../../scripts/lib/files.ts';
import { root } from '../../../scripts/lib/root.ts';
import { adapters } from '../../../src/compat/adapters.ts';
import { habitsOf } from '../../../src/compat/habits.ts';
import { commands } from '../../../src/cli/table.ts';
import { table } from '../../../src/diagnostic/table.ts';
import { readProtocol } from '../../../scripts/generate/protocol/protocol-model.ts';

/** A comment, or a text between quotes on one line. */
const token = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;

/** The places of a source that ask for a name: a text that is one, or an identifier with one in it. */
function namesIn(source: string): string[] {
  const found: string[] = [];
  const rest = source.replace(token, (part) => {
    if (/^["'](runc|crun)["']$/.test(part)) found.push(part.slice(1, -1));
    return part.startsWith('/') ? ' ' : '""';
  });
  return [...found, ...rest.match(/\b\w*(?<![tT])(?:runc|crun|Runc|Crun|RUNC|CRUN)\w*/g) ?? []];
}

const isGenerated = (path: string): boolean => path.includes('/generated/');
const isAdapter = (path: string): boolean => /^(src|native)\/compat\//.test(path);

/** Sources by their path in the checkout, without those that are made and the adapters. */
function sources(): [path: string, text: string][] {
  return [...filesBelow('src', '.ts'), ...filesBelow('native', '.cc', '.h')]
    .map((file) => [relative(root, file), readFileSync(file, 'utf8')] as [string, string])
    .filter(([path]) => !isGenerated(path) && !isAdapter(path));
}

/** Names that are no question: texts for files of engines, and a template of \`spec\`. */
const texts: Readonly<Record<string, readonly string[]>> = {
  'src/configure/settings.ts': ['crun', 'runc'],
  'src/engine/verb/spec.ts': ['runc'],
};

t.test('finds who asks for a name', async (t) => {
  t.same(namesIn("if (peer === 'runc') a();"), ['runc']);
  t.same(namesIn('if (name == Str::of("crun")) log.use_runc_wording();'), ['crun', 'use_runc_wording']);
  t.same(namesIn('const x = isRunc ? asCrun(y) : /runc/;'), ['isRunc', 'asCrun', 'runc']);
  t.same(namesIn("// runc\n/* crun */ ftruncate(fd, 0); 'as runc has it'; Truncated; O_TRUNC"), []);
});

t.test('no code asks for a name but the adapters', async (t) => {
  const found = sources().map(([path, text]) => [path, [...new Set(namesIn(text))].sort()] as const)
    .filter(([, names]) => names.length > 0);
  t.same(Object.fromEntries(found), texts);
});

t.test('argv[0] is read in one file', async (t) => {
  const reads = /\bargv\[0\]|(?<![.>])\barguments\[0\]|\bprogram_invocation|\bargv0\b/;
  const found = filesBelow('native', '.cc', '.h').map((file) =>
    [relative(root, file), readFileSync(file, 'utf8')] as const
  )
    .filter(([path, text]) => !isGenerated(path) && reads.test(text.replace(/\/\/[^\n]*/g, '')));
  t.same(found.map(([path]) => path), ['native/compat/name.cc']);
});

t.test('every name but the own one is one that requests have', async (t) => {
  const peer = readProtocol().find(({ name }) => name === 'Peer');
  t.same(peer?.kind === 'enum' ? peer.values : undefined, adapters.slice(1).map(({ name }) => name));
  t.equal(habitsOf(undefined), adapters[0].habits());
  for (const { name, habits } of adapters.slice(1)) t.same(habitsOf(name as 'runc' | 'crun'), habits(), name);
});

t.test('the words of a name replace a message of the table and have its holes', async (t) => {
  for (const { name, words, wordsAlone } of adapters) {
    for (const [key, text] of Object.entries({ ...words, ...wordsAlone })) {
      t.ok(key in table, `${name}: ${key}`);
      t.notMatch(text, /^E\d{4}/, 'the code stands in front');
    }
    t.same(Object.keys(words).filter((key) => key in wordsAlone), [], `${name}: once each`);
  }
});

t.test('usage lines are those of commands', async (t) => {
  const known = commands.map((command) => command.name);
  for (const { name, command } of adapters) {
    for (const key of Object.keys(command.usageOperands)) t.ok(known.includes(key), `${name}: ${key}`);
  }
});

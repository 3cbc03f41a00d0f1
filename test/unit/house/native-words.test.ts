// What native code may branch on: bits, numbers, enums and the presence of fields of the plan. It knows no name that a configuration
// can say but those that test/support/code/native-words.ts gives a reason for, compares no text of a plan, and asks the host for
// little. A new one fails here: decide it in src/plan, as a field or an `alt`.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { readModel } from '../../../scripts/generate/plan/model.ts';
import { snake } from '../../../scripts/generate/names.ts';
import { filesBelow } from '../../../scripts/lib/files.ts';
import { root } from '../../../scripts/lib/root.ts';
import { asked, known, lookedInto, otherWays } from '../../support/code/native-words.ts';

/** Rooms that execute plans. What is written to a log, and in which form, is no matter of the plan. */
const sources = ['init', 'executor', 'cgroup', 'channel', 'file', 'hook', 'process', 'socket', 'wait']
  .flatMap((room) => filesBelow(`native/${room}`, '.cc', '.h'))
  .map((path) => ({ path: relative(join(root, 'native'), path), text: withoutComments(readFileSync(path, 'utf8')) }))
  .filter(({ path }) => !path.startsWith('executor/log/'));

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '').replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}

/** String literals that may be compared or opened: not those of sentences, and not what a text for people is made of. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { index, 1: word = '' } of text.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)) {
    const isName = /^[\w./=:@-]+$/.test(word);
    const isSentence = text.slice(0, index).endsWith('.add(') || /[a-z'] [a-z]+ |^ /.test(word);
    if (/[a-z]{1}/i.test(word.replace(/\\[nrt]/g, '')) && (isName || !isSentence)) words.push(word);
  }
  return words;
}

/** Places where a text field of an operation is compared or searched. */
function looksInto(text: string, fields: readonly string[]): string[] {
  if (fields.length === 0) return [];
  const field = `\\bop\\.(${fields.join('|')})(?:\\.value)?\\b`;
  const patterns = [
    `${field}(?:\\.c_str\\(\\)|\\.str\\(\\))?\\s*[!=]=`,
    `[!=]=\\s*${field}`,
    `(?:str(?:n?cmp|n?casecmp|str|chr|r?chr|spn)|mem(?:cmp|chr|mem)|starts_with|equals)\\([^;{}]*?${field}`,
    `${field}(?:\\.data|\\.c_str\\(\\))\\[`,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => match[1]!));
}

t.test('native code knows no name without a reason', async (t) => {
  const used = new Set<string>();
  for (const { path, text } of sources) {
    for (const word of wordsOf(text)) {
      const entry = known.findIndex(({ files, words }) => files.includes(path) && words.includes(word));
      used.add(`${entry}/${word}`).add(`${entry}:${path}`);
      if (entry < 0) t.fail(`native/${path} knows "${word}"; test/support/code/native-words.ts gives no reason for it`);
    }
  }
  known.forEach(({ files, words }, entry) => {
    for (const word of words) t.ok(used.has(`${entry}/${word}`), `"${word}" of ${files[0]} is still there`);
    for (const file of files) t.ok(used.has(`${entry}:${file}`), `${file} still knows one of ${words[0]} ...`);
  });
});

t.test('native code compares no text of a plan', async (t) => {
  const { operations, structs } = readModel();
  const isText = (kind: string): boolean => kind === 'str' || kind === 'bytes' || kind === 'template';
  const fields = new Map(
    [...operations, ...structs].map((
      struct,
    ) => [struct.name, struct.fields.filter(({ type }) => isText(type.kind === 'optional' ? type.of.kind : type.kind))
      .map(({ name }) => snake(name))]
    ),
  );
  const found = sources.flatMap(({ path, text }) =>
    text.split(/^\}$/m).flatMap((body) => {
      const name = /\bconst (\w+) &op\b/.exec(body)?.[1] ?? '';
      return looksInto(body, fields.get(name) ?? []).map((field) => `${path}: ${name}.${field}`);
    })
  );
  t.same([...new Set(found)].sort(), Object.keys(lookedInto).sort());
});

t.test('native code asks the host for little', async (t) => {
  const call = /\b(ge?te?[ug]id|getenv|uname|sysinfo|f?statfs|access|faccessat|is_cgroup2)\(/g;
  const found: Record<string, string[]> = {};
  for (const { path, text } of sources) {
    if (!path.endsWith('.cc')) continue;
    const calls = [...text.matchAll(call)].map((match) => match[1]!);
    if (calls.length > 0) found[path] = [...new Set(calls)].sort();
  }
  t.same(found, Object.fromEntries(Object.entries(asked).map(([path, { calls }]) => [path, [...calls].sort()])));
});

t.test('the rules see what they are for', async (t) => {
  t.same(wordsOf('if (op.type == Str::of("tmpfs")) return has(text, "memory.max ");'), ['tmpfs', 'memory.max ']);
  t.same(wordsOf('words.add(" was stopped by ").add("tmpfs"); refuse("a cgroup has no usable path");'), ['tmpfs']);
  t.same(looksInto('if (op.type == Str::of("proc"))', ['type']), ['type']);
  t.same(looksInto('if (strcmp(op.source.value.c_str(), what) == 0)', ['source']), ['source']);
  t.same(looksInto('memcmp("a", op.type.data, 1); op.type.data[0]', ['type']), ['type', 'type']);
  t.same(looksInto('if (op.type.empty()) open(op.type.c_str());', ['type']), []);
});

t.test('native code goes another way at few errnos', async (t) => {
  const comparison = /\b(?:err|errno) [!=]= (ENOSYS|EINVAL|EPERM|EOPNOTSUPP|EACCES)\b/g;
  const found: Record<string, string[]> = {};
  for (const { path, text } of sources) {
    if (!path.endsWith('.cc')) continue;
    const errnos = [...new Set([...text.matchAll(comparison)].map((match) => match[1]!))].sort();
    if (errnos.length > 0) found[path] = errnos;
  }
  t.same(found, Object.fromEntries(Object.entries(otherWays).map(([path, { errnos }]) => [path, [...errnos].sort()])));
});

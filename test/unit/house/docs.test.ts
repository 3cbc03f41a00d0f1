// What pages of documentation name exists: links, headings, commands, flags, error codes, npm scripts, files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { readObject, textsOf } from '../../../scripts/lib/json.ts';
import { repository } from '../../support/paths.ts';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].sort();
const text = new Map(pages.map((page) => [page, readFileSync(join(repository, page), 'utf8')]));

/** Names of the headings of a page as code hosts make anchors of them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...text.get(page)!.replace(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)];
  return new Set(
    headings.map(([, heading]) =>
      heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ',
        '-')
    ),
  );
}

/** Code of a page: spans between backquotes, and lines of blocks. */
function codeOf(page: string): string[] {
  const content = text.get(page)!;
  const blocks = [...content.matchAll(/^```[a-z]*\n([^]*?)^```$/gm)].flatMap(([, block]) => block!.split('\n'));
  const rest = content.replace(/^```[^]*?^```$/gm, '');
  const indented = rest.split('\n').filter((line) => line.startsWith('    '));
  const spans = [...rest.matchAll(/`([^`]+)`/g)].map(([, span]) => span!.replaceAll('\n', ' '));
  return [...blocks.map((line) => line.replace(/^[$>] /, '')), ...indented, ...spans];
}

/** Calls of the command in a line of code: its command and the flags behind it. */
function callsIn(code: string): { command: string; flags: string[] }[] {
  return code.split(/[|;&()]+|\$\(| -- /).flatMap((part) => {
    const words = part.trim().split(/\s+/);
    const at = words.findIndex((word) => /^(?:\S*\/)?veloci$/.test(word));
    if (at < 0 ||
      words.slice(0, at).some((word) =>
        !/^[$A-Za-z_]+=|^(?:then|do|sudo|timeout|\d+|user|exec|until|test)$/.test(word)
      )) return [];
    const behind = words.slice(at + 1);
    let place = 0;
    while (behind[place]?.startsWith('-') === true)
      place += /^--(root|log|log-level|log-format|criu|cgroup-manager)$/.test(behind[place]!) ? 2 : 1;
    const command = behind[place]?.replace(/[^a-z].*$/, '') ?? '';
    const end = behind.indexOf('--');
    const flags = behind.slice(0, end < 0 ? undefined : end).filter((word) => /^--[a-z]/.test(word))
      .map((word) => word.slice(2).replace(/[^a-z0-9-].*$/, ''));
    return command === '' ? [] : [{ command, flags }];
  });
}

t.test('links lead somewhere', async (t) => {
  for (const page of pages) {
    const links = text.get(page)!.replace(/^```[^]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g);
    for (const [, link] of links) {
      if (/^[a-z]+:/.test(link!)) continue;
      const [path = '', anchor] = link!.split('#');
      const target = path === '' ? page : relative(repository, join(repository, dirname(page), path));
      t.ok(existsSync(join(repository, target)), `${page}: ${link}`);
      if (anchor !== undefined) t.ok(text.has(target) && anchorsOf(target).has(anchor), `${page}: ${link}`);
    }
  }
});

t.test('commands and flags exist', async (t) => {
  let count = 0;
  for (const page of pages.filter((name) => name !== 'CHANGELOG.md')) {
    for (const code of codeOf(page)) {
      for (const { command, flags } of callsIn(code)) {
        count += 1;
        const known = commands.find(({ name }) => name === command);
        t.ok(known, `${page}: veloci ${command} (${code})`);
        // What follows the operands of exec and ps belongs to others.
        if (known === undefined || known.flagsEndAfter !== undefined) continue;
        const names = [...known.flags, ...globalFlags].map(({ name }) => name);
        for (const flag of flags) t.ok(names.includes(flag), `${page}: ${command} --${flag} (${code})`);
      }
    }
  }
  t.ok(count > 200, `${count} calls`);
});

t.test('error codes exist', async (t) => {
  const known = new Set(text.get('docs/error-codes.md')!.match(/\bE0\d{3}\b/g));
  for (const page of pages)
    for (const [code] of text.get(page)!.matchAll(/\bE0\d{3}\b/g)) t.ok(known.has(code), `${page}: ${code}`);
});

t.test('npm scripts exist', async (t) => {
  const scripts = textsOf(readObject(readFileSync(join(repository, 'package.json'), 'utf8'), 'package.json')['scripts'],
    'scripts');
  for (const page of pages) {
    for (const [, name] of text.get(page)!.matchAll(/\bnpm run\s+([a-z:]+)/g))
      t.ok(name! in scripts, `${page}: npm run ${name}`);
  }
});

t.test('files that are named exist', async (t) => {
  for (const page of pages.filter((name) => name !== 'CHANGELOG.md')) {
    for (const [, span] of text.get(page)!.replace(/^```[^]*?^```$/gm, '').matchAll(
      /`((?:src|native|test|scripts|schema|docs|packaging)\/[\w./-]*)`/g,
    ))
      t.ok(existsSync(join(repository, span!)), `${page}: ${span}`);
  }
});

t.test('what the first change replaces is there', async (t) => {
  const walk = text.get('CONTRIBUTING.md')!;
  const [, from, path] = /sed -i "s\/('[^/]*)\/.*" (src\/\S+)/.exec(walk)!;
  t.ok(readFileSync(join(repository, path!), 'utf8').includes(from!), `${path} has ${from}`);
});

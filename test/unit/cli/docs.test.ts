// What is generated from the table of commands for people: the manual pages, and what the install script does with them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { manPages, roff } from '../../../scripts/generate/cli/man.ts';
import { everywhere, files, usualExits, variables } from '../../../src/cli/manual.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import { repository } from '../../support/paths.ts';

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;

const pages = manPages({ version: '1.2.3', date: '2026-12-01' });
const pageOf = (command: string): string => pages.get(`veloci-${command}.8`)!;

t.test('roff prints texts as they are', async (t) => {
  t.equal(roff('a-b\\n'), 'a\\-b\\(rsn');
  t.equal(roff('.TH'), '\\&.TH');
  t.equal(roff("'so it's"), '\\(aqso it\\(aqs');
  t.equal(roff('a.b'), 'a.b');
});

t.test('the manual pages have plain text and known requests', async (t) => {
  for (const [name, text] of pages) {
    t.match(text, /^[\n -~]*$/, `${name} is ASCII`);
    for (const line of text.split('\n'))
      t.match(line, /^(?:[^.']|\.(?:TH|SH|PP|TP|RS|RE|nf|fi|\\")(?: |$)|$)/, `${name}: ${line}`);
  }
});

t.test('there is a page for each command, which names every flag', async (t) => {
  t.same([...pages.keys()].sort(), ['veloci.8', ...commands.map(({ name }) => `veloci-${name}.8`)].sort());
  for (const { name, flags } of commands) {
    t.ok(pages.get('veloci.8')!.includes(`\\fB${roff(`veloci-${name}`)}\\fR(8)`), name);
    for (const flag of flags.filter(({ hidden }) => hidden !== true))
      t.ok(pageOf(name).includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `${name} --${flag.name}`);
  }
  for (const flag of globalFlags.filter(isShown))
    t.ok(pages.get('veloci.8')!.includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `--${flag.name}`);
});

t.test('the pages have the sections of the field, in their order', async (t) => {
  const all = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES',
    'SEE ALSO'];
  for (const { name, files: named = [] } of commands) {
    const sections = [...pageOf(name).matchAll(/^\.SH (.*)$/gm)].map(([, heading]) => heading);
    t.same(sections, all.filter((heading) => heading !== 'FILES' || named.length > 0), name);
  }
});

t.test('statuses, variables and related pages are those of the table', async (t) => {
  for (const { name, see, exits = [] } of commands) {
    for (const other of see)
      t.ok(/\(\d\)$/.test(other) || commands.some((command) => command.name === other), `${name}: ${other} is a page`);
    for (const [status, meaning] of exits)
      t.ok(pageOf(name).replaceAll('\n', ' ').includes(roff(meaning.split('`')[0]!)), `${name} ${status}`);
  }
  t.same(usualExits.map(([status]) => status), ['0', '1']);
  for (const name of everywhere) t.ok(pageOf('run').includes(name), name);
  t.ok(Object.keys(files).length > 0);
});

t.test('the pages name every variable that the command reads', async (t) => {
  const sources = spawnSync('grep', ['-rhoE', 'getenv\\("[A-Z_]+"\\)', '--include=*.cc', '--include=*.h', 'native'], {
    cwd: repository,
    encoding: 'utf8',
  }).stdout;
  const read = new Set([...sources.matchAll(/getenv\("([A-Z_]+)"\)/g)].map(([, name]) => name!));
  t.ok(read.size > 5, [...read].join(' '));
  for (const name of read) t.ok(name in variables, name);
});

for (const [program, args] of [['groff', ['-man', '-ww', '-z']], ['mandoc', ['-Tlint']]] as const) {
  const skip = program === 'mandoc'
    ? spawnSync(program, ['-V']).error !== undefined && 'mandoc is not installed'
    : missing(program);
  t.test(`${program} has no complaint about a manual page`, { skip }, async (t) => {
    for (const [name, text] of pages) {
      const { status, stdout, stderr } = spawnSync(program, args, { input: text, encoding: 'utf8' });
      t.equal(stdout + stderr, '', name);
      t.equal(status, 0, name);
    }
  });
}

t.test('what is installed is found by man, and is removed again', { skip: missing('man') }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'veloci-install-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const install = (...args: string[]): number | null =>
    spawnSync(process.execPath, ['scripts/run.mjs', 'install', ...args], {
      cwd: repository,
      env: { ...process.env, DESTDIR: root, PREFIX: '/usr' },
    }).status;
  t.equal(install(), 0);
  t.equal(statSync(join(root, 'usr/bin/veloci')).mode & 0o777, 0o755);
  t.match(readFileSync(join(root, 'usr/share/bash-completion/completions/veloci'), 'utf8'), /complete -F _veloci/);
  const env = { PATH: process.env['PATH'], MANPATH: join(root, 'usr/share/man'), MANWIDTH: '80', LC_ALL: 'C' };
  const { status, stdout } = spawnSync('man', ['-P', 'cat', 'veloci-run'], { env, encoding: 'utf8' });
  t.equal(status, 0);
  t.match(stdout, /veloci-run - create and start a container/);
  t.equal(install('--remove'), 0);
  t.same(readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()), []);
});

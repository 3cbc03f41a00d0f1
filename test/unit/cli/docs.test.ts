// What is generated from the table of commands for people: the manual page.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { manPage, roff } from '../../../scripts/generate/cli/man.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;

t.test('roff prints texts as they are', async (t) => {
  t.equal(roff('a-b\\n'), 'a\\-b\\(rsn');
  t.equal(roff('.TH'), '\\&.TH');
  t.equal(roff("'so it's"), '\\(aqso it\\(aqs');
  t.equal(roff('a.b'), 'a.b');
});

t.test('the manual page names every command and flag', async (t) => {
  const text = manPage();
  t.match(text, /^[\n -~]*$/, 'is ASCII');
  for (const line of text.split('\n')) t.match(line, /^(?:[^.']|\.(?:TH|SH|SS|PP|TP|RS|RE|nf|fi|\\")(?: |$)|$)/, line);
  const parts = text.split(/^\.SS (?=[a-z])/m);
  const section = (name: string): string => parts.find((part) => part.startsWith(`${name} `)) ?? '';
  for (const { name, flags } of commands) {
    t.not(section(name), '', name);
    for (const flag of flags.filter(({ hidden }) => hidden !== true))
      t.ok(section(name).includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `${name} --${flag.name}`);
  }
  for (const flag of globalFlags.filter(isShown))
    t.ok(parts[0]!.includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `--${flag.name}`);
});

t.test('groff has no complaint about the manual page', { skip: missing('groff') }, async (t) => {
  const { status, stderr } = spawnSync('groff', ['-man', '-ww', '-z'], { input: manPage(), encoding: 'utf8' });
  t.equal(stderr, '');
  t.equal(status, 0);
});

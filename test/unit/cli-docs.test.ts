// What is generated from the table of commands for people and their shell: the manual page and the completion.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bashCompletion } from '../../scripts/generate/completion.ts';
import { manPage, roff } from '../../scripts/generate/man.ts';
import { commands, globalFlags } from '../../src/cli/table.ts';

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
    for (const flag of flags) t.ok(section(name).includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `${name} --${flag.name}`);
  }
  for (const flag of globalFlags) t.ok(parts[0]!.includes(`\\fB${roff(`--${flag.name}`)}\\fR`), `--${flag.name}`);
});

t.test('groff has no complaint about the manual page', { skip: missing('groff') }, async (t) => {
  const { status, stderr } = spawnSync('groff', ['-man', '-ww', '-z'], { input: manPage(), encoding: 'utf8' });
  t.equal(stderr, '');
  t.equal(status, 0);
});

t.test('completion in bash', { skip: missing('bash') }, async (t) => {
  const folder = t.testdir({
    'veloci.bash': bashCompletion(),
    // Says how it was called, as the ids of containers are listed.
    veloci: '#!/bin/sh\nIFS=+\nprintf "%s\\n" web1 web2 db \'$(echo>ran)\' "$*"\n',
    bundles: { first: { 'config.json': '{}' }, 'free.json': '{}' },
  });
  chmodSync(join(folder, 'veloci'), 0o755);
  // As bash calls the function; the word that it completes begins behind blanks, = and : (COMP_WORDBREAKS).
  const script = 'source ./veloci.bash && COMP_LINE=$1 COMP_POINT=${#1} && _veloci ./veloci "${1##*[[:blank:]=:]}" &&'
    + ' printf "%s\\n" "${COMPREPLY[@]}"';
  const complete = (line: string): string[] => {
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-u', '-c', script, 'bash', line], { cwd: folder, encoding: 'utf8' });
    t.equal(stderr, '', `quiet about: ${line}`);
    return stdout.split('\n').filter((word) => word !== '');
  };
  const is = (line: string, words: readonly string[]): void => { t.same(complete(line).sort(), [...words].sort(), line); };
  const names = commands.map(({ name }) => name);
  const shown = (flags: typeof globalFlags): string[] => flags.filter((flag) => flag.ignored !== true).map((flag) => `--${flag.name}`);

  is('veloci ', names);
  is('veloci cr', ['create']);
  is('veloci help re', names.filter((name) => name.startsWith('re')));
  is('veloci nosuch ', []);
  is('veloci -', shown(globalFlags));
  for (const { name, flags } of commands) is(`veloci ${name} --`, [...shown(flags), ...shown(globalFlags)]);
  for (const flag of globalFlags) {
    if (flag.choices !== undefined) is(`veloci --${flag.name} `, flag.choices);
  }
  for (const { name, flags } of commands) {
    for (const flag of flags) {
      if (flag.choices !== undefined) is(`veloci ${name} --${flag.name} `, flag.choices);
    }
  }
  is('veloci --cgroup-manager s', ['systemd']);
  is('veloci --log-format=j', ['json']);
  is('veloci --log-format=', ['text', 'json']);
  is('veloci update --cpu-idle ', ['0', '1']);

  is('veloci run --bundle bundles/f', ['bundles/first']);
  is('veloci run -tb bundles/f', []);
  is('veloci run -db bundles/f', ['bundles/first']);
  is('veloci run --bundle=bundles/fi', ['bundles/first']);
  is('veloci spec --file bundles/f', ['bundles/first', 'bundles/free.json']);

  is('veloci run ', []);
  is('veloci restore w', []);
  is('veloci start w', ['web1', 'web2']);
  is('veloci --log-format json delete  --force d', ['db']);
  is('veloci start $', ['$(echo>ran)']);
  t.notOk(existsSync(join(folder, 'ran')), 'ids are words, nothing to be expanded');
  is('veloci start l', ['list+-q']);
  for (const given of ['--root /tmp/r start', '--root=/tmp/r start', 'start --root /tmp/r', '-root /tmp/r state']) {
    is(`veloci ${given} --`, complete('veloci start --'));
    is(`veloci ${given} -- -`, ['--root+/tmp/r+list+-q']);
  }
  is('veloci exec --user 0:0 -e A=B w', ['web1', 'web2']);
  is('veloci exec -tu 0:0 w', ['web1', 'web2']);
  is('veloci exec -u0 w', ['web1', 'web2']);
  is('veloci exec web1 ', []);
  is('veloci exec web1 --', []);
  is('veloci kill web1 K', ['KILL']);
  is('veloci kill web1 SIGKI', ['SIGKILL']);
  is('veloci mounts ', ['add', 'remove']);
  is('veloci mounts add w', ['web1', 'web2']);
  is('veloci mounts add web1 bundles/fr', ['bundles/free.json']);
  is('veloci spec --rootless ', []);
  is('veloci --rootless ', []);
  is('veloci --rootless true spe', ['spec']);
});

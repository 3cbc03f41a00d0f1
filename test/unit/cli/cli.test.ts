import t from 'tap';
import { commandHelp, mainHelp } from '../../../scripts/generate/cli/help.ts';
import { indent } from '../../../src/diagnostic/marks.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';

const all = [...globalFlags, ...commands.flatMap((command) => command.flags)];

t.test('texts are short and of one style', async (t) => {
  for (const { summary, name } of [...all, ...commands]) {
    t.notMatch(summary, /\.$/, `${name} has no final period`);
    t.match(summary, /^[a-zA-Z]/, `${name} begins with a word`);
  }
  for (const line of [mainHelp(), ...commands.map(commandHelp)].join('').split('\n')) {
    // The command breaks lines that have a mark: its column must leave room for words.
    const end = line.indexOf(indent);
    if (end < 0 ? line.length > 80 : end > 60) t.fail(`too wide: ${line}`);
  }
});

t.test('what engines give is known', async (t) => {
  const flagsOf = (name: string): string[] =>
    commands.find((command) => command.name === name)!.flags.map((flag) => flag.name);
  t.match(globalFlags.map((flag) => flag.name), ['root', 'log', 'log-format']);
  for (const name of ['create', 'run']) {
    for (const flag of ['bundle', 'pid-file', 'console-socket', 'no-pivot', 'no-new-keyring', 'preserve-fds',
      'pidfd-socket'])
    {
      t.ok(flagsOf(name).includes(flag), `${name} --${flag}`);
    }
  }
  for (const flag of ['process', 'detach', 'pid-file', 'console-socket', 'tty', 'user', 'env', 'cwd']) {
    t.ok(flagsOf('exec').includes(flag), `exec --${flag}`);
  }
  t.same(['kill', 'delete'].map((name) => flagsOf(name)[0]), ['all', 'force']);
});

t.test('operands of a program are not taken for flags', async (t) => {
  t.same(commands.filter((command) => command.flagsEndAfter !== undefined).map((command) => command.name), ['exec',
    'ps']);
});

t.test('the help shows every flag but the ignored ones', async (t) => {
  for (const command of commands) {
    const help = commandHelp(command);
    for (const flag of command.flags)
      t.equal(help.includes(`--${flag.name}`), isShown(flag), `${command.name} --${flag.name}`);
    for (const { line } of command.examples) t.match(line, new RegExp(`^veloci .*${command.name}`));
  }
});

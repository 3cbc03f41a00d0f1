// Completion of the command line in real shells: every shell has to offer the same words.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fishCompletion } from '../../../scripts/generate/cli/completion-fish.ts';
import { bashCompletion } from '../../../scripts/generate/cli/completion.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;

const names = commands.map(({ name }) => name);
const shown = (flags: typeof globalFlags): string[] => flags.filter(isShown).map((flag) => `--${flag.name}`);
const choices = (before: string, flags: typeof globalFlags): Array<[string, readonly string[]]> =>
  flags.filter(isShown).flatMap((
    flag,
  ) => (flag.choices === undefined ? [] : [[`veloci ${before}--${flag.name} `, flag.choices]]));

/** Lines up to the cursor, and the words that are offered there. */
const cases: ReadonlyArray<readonly [line: string, words: readonly string[]]> = [
  ['veloci ', names],
  ['veloci cr', ['create']],
  ['veloci help re', names.filter((name) => name.startsWith('re'))],
  ['veloci nosuch ', []],
  ['veloci --', shown(globalFlags)],
  ...commands.map(({ name, flags }) => [`veloci ${name} --`, [...shown(flags), ...shown(globalFlags)]] as const),
  ...choices('', globalFlags),
  ...commands.flatMap(({ name, flags }) => choices(`${name} `, flags)),
  ['veloci --cgroup-manager s', ['systemd']],
  ['veloci --log-format=j', ['json']],
  ['veloci --log-format=', ['text', 'json']],
  ['veloci update --cpu-idle ', ['0', '1']],

  ['veloci run --bundle bundles/f', ['bundles/first']],
  ['veloci run -db bundles/f', ['bundles/first']],
  ['veloci run --bundle=bundles/fi', ['bundles/first']],
  ['veloci spec --file bundles/f', ['bundles/first', 'bundles/free.json']],

  ['veloci run ', []],
  ['veloci restore w', []],
  ['veloci start we', ['web1', 'web2']],
  ['veloci --log-format json delete  --force d', ['db']],
  ['veloci start e', ['evil$(echo>ran)']],
  ['veloci start wi', ['with+list+-q']],
  ['veloci --root /tmp/r start --', [...shown(commands.find(({ name }) => name === 'start')!.flags),
    ...shown(globalFlags)]],
  ...['--root /tmp/r start', '--root=/tmp/r start', 'start --root /tmp/r', '-root /tmp/r state']
    .map((given) => [`veloci ${given} -- wi`, ['with+--root+/tmp/r+list+-q']] as const),
  ['veloci exec --user 0:0 -e A=B we', ['web1', 'web2']],
  ['veloci exec -tu 0:0 we', ['web1', 'web2']],
  ['veloci exec -u0 we', ['web1', 'web2']],
  ['veloci exec web1 ', []],
  ['veloci exec web1 --', []],
  ['veloci exec --user ', []],
  ['veloci kill web1 K', ['KILL']],
  ['veloci kill web1 SIGKI', ['SIGKILL']],
  ['veloci mounts ', ['add', 'remove']],
  ['veloci mounts add we', ['web1', 'web2']],
  ['veloci mounts add web1 bundles/fr', ['bundles/free.json']],
  ['veloci spec --rootless ', ['fmt', 'merge', 'migrate']],
  ['veloci --rootless ', []],
  ['veloci --rootless true spe', ['spec']],
];

interface Shell {
  file: string;
  text: string;
  /** Runs the completion of every argument, with NUL behind the words of each. */
  command: readonly string[];
  /** The word itself, out of a line of what the shell says. */
  word: (line: string) => string;
  /** Lines that it does not complete. */
  except?: RegExp;
}

/** zsh completes on a terminal alone: another one gets the keys, and writes down what it would offer. */
const zshDriver = `zmodload zsh/zpty && zpty -b z zsh -f -i || exit
  say() { zpty -w z "$1" }
  say 'stty -echo; PS1= PS2= RPS1=; unsetopt beep auto_list auto_menu; path=(. $path)'
  say 'autoload -Uz compinit bashcompinit && compinit -u -D && bashcompinit && source ./veloci.bash'
  say 'compadd() { local -a hits; if [[ " $* " != *" -"(O|A|D)" "* ]]; then builtin compadd -A hits "$@"; print -rl -- $hits >>offered; fi
    builtin compadd "$@" }'
  say 'bindkey "^I" complete-word; : >done'
  for line in "" "$@"; do
    tries=0; until [[ -e done ]]; do sleep 0.02; (( ++tries > 3000 )) && exit 1; done
    rm done
    [[ -z $line ]] || zpty -w -n z "$line"$'\\t\\x15'
    [[ -z $line ]] && : >done || say 'printf "\\0" >>offered; : >done'
  done
  until [[ -e done ]]; do sleep 0.02; (( ++tries > 6000 )) && exit 1; done
  zpty -d z; cat offered`;

const shells: Readonly<Record<string, Shell>> = {
  bash: {
    file: 'veloci.bash',
    text: bashCompletion(),
    // As bash calls the function; the word that it completes begins behind blanks, = and : (COMP_WORDBREAKS).
    command: ['--norc', '-u', '-c', `source ./veloci.bash && for line; do
      COMP_LINE=$line COMP_POINT=\${#line} COMPREPLY=()
      _veloci ./veloci "\${line##*[[:blank:]=:]}" && printf '%s\\n' "\${COMPREPLY[@]}"; printf '\\0'; done`, 'bash'],
    word: (line) => line,
  },
  fish: {
    file: 'veloci.fish',
    text: fishCompletion(),
    command: ['--no-config', '-c', `set -x PATH . $PATH; source ./veloci.fish
      for line in $argv; complete -C $line; printf '\\0'; end`],
    // Behind a tab stands what it is, and a folder ends with a slash; of --flag=value the whole is given.
    word: (line) => line.replace(/\t.*/, '').replace(/^--[a-z-]+=(?=.)/, '').replace(/\/$/, ''),
  },
  zsh: {
    file: 'veloci.bash',
    text: bashCompletion(),
    command: ['-f', '-c', zshDriver, 'zsh'],
    // What is special to the shell is quoted; of --flag=value the whole is given.
    word: (line) => line.replace(/\\(.)/g, '$1').replace(/^--[a-z-]+=(?=.)/, ''),
    except: /=bundles/,
  },
};

for (const [shell, { file, text, command, word, except }] of Object.entries(shells)) {
  t.test(`completion in ${shell}`, { skip: missing(shell) }, async (t) => {
    const folder = t.testdir({
      [file]: text,
      // Says how it was called, as the ids of containers are listed.
      veloci: '#!/bin/sh\nIFS=+\nprintf "%s\\n" web1 web2 db \'evil$(echo>ran)\' "with+$*"\n',
      bundles: { first: { 'config.json': '{}' }, 'free.json': '{}' },
    });
    chmodSync(join(folder, 'veloci'), 0o755);
    const { stdout, stderr } = spawnSync(shell, [...command, ...cases.map(([line]) => line)], { cwd: folder,
      encoding: 'utf8' });
    t.equal(stderr, '', 'quiet');
    const found = stdout.split('\0');
    t.equal(found.length, cases.length + 1, 'an answer to every line');
    for (const [i, [line, words]] of cases.entries()) {
      if (except?.test(line) === true) continue;
      const offered = (found[i] ?? '').split('\n').filter((text) => text !== '').map(word);
      t.same(offered.sort(), [...words].sort(), line);
    }
    t.notOk(existsSync(join(folder, 'ran')), 'ids are words, nothing to be expanded');
  });
}

import { readFileSync } from 'node:fs';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import type { Command, Flag } from '../../../src/cli/types.ts';
import { inRoot } from '../../lib/root.ts';
import { any, flagKind, operandKinds } from './completion.ts';
import { notice } from '../names.ts';

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** How fish is told what a value is, by the kinds of completion.ts; what is not here are the values themselves. */
const values: Readonly<Record<string, string>> = {
  [any]: '-x',
  DIR: "-x -a '(__fish_complete_directories)'",
  FILE: '-r -F',
  ID: "-x -a '(__veloci_ids)'",
  SIGNAL: "-x -a '(__veloci_signals)'",
  COMMAND: `-x -a '${commands.map(({ name }) => name).join(' ')}'`,
};

const valueOf = (kind: string): string => values[kind] ?? `-x -a '${kind.replaceAll('|', ' ')}'`;

const letters = (flag: Flag): string[] => (flag.also ?? []).filter((name) => /^[A-Za-z]$/.test(name));

function flagLine(condition: string, flag: Flag): string {
  const kind = flagKind(flag);
  const names = [`-l ${flag.name}`, ...letters(flag).map((letter) => `-s ${letter}`)];
  return `complete -c veloci -n ${quote(condition)} ${names.join(' ')}${kind === '' ? '' : ` ${valueOf(kind)}`} -d ${
    quote(flag.summary)
  }`;
}

const flagLines = (condition: string, flags: readonly Flag[]): string[] =>
  flags.filter(isShown).map((flag) => flagLine(condition, flag));

/** An operand that is completed: fish takes no flag's `-x` for it, but what `-F` adds. */
function operandLines(command: Command): string[] {
  return operandKinds(command).flatMap((kind, place) => (kind === any
    ? []
    : `complete -c veloci -n ${quote(`__veloci_at ${place + 1} ${command.name}`)} ${
      valueOf(kind).replace(/^-[xr] /, '')
    }`)
  );
}

/** Prints the names of the flags that take a value. */
function valued(flags: readonly Flag[]): string {
  const names = flags.filter((flag) => flag.kind !== 'bool' && flag.hidden !== true).flatMap((
    flag,
  ) => [flag.name, ...(flag.also ?? [])]);
  return names.length === 0 ? '' : `string split ' ' '${names.join(' ')}'`;
}

/** Prints the names that are flags without a value here, and flags with one before the command. */
function bare({ flags }: Command): string {
  const names = flags.filter(({ name, kind }) =>
    kind === 'bool' && globalFlags.some((flag) => flag.name === name && flag.kind !== 'bool')
  ).map(({ name }) => name);
  return names.length === 0 ? '' : `string split ' ' '${names.join(' ')}'`;
}

/** The cases of a switch over the command; none for those that print nothing. */
function cases(printOf: (command: Command) => string): string {
  return commands.map((command) => [command.name, printOf(command)]).filter(([, print]) => print !== '')
    .map(([name, print]) => `        case ${name}\n            ${print}`).join('\n');
}

/** Text of docs/completion/veloci.fish: src/cli/table.ts as lines of `complete`, and the functions of completion.fish. */
export function fishCompletion(): string {
  const table = `
# The flags that take a value: those of every command, or those of one command more.
function __veloci_valued
    switch "$argv[1]"
        case ''
            ${valued(globalFlags)}
${cases(({ flags }) => valued(flags))}
    end
end

# The flags of a command that take none, though before the command they do.
function __veloci_bare
    switch $argv[1]
${cases(bare)}
    end
end

# After how many operands the flags of a command end.
function __veloci_ends
    switch $argv[1]
${cases(({ flagsEndAfter }) => (flagsEndAfter === undefined ? '' : `echo ${flagsEndAfter}`))}
    end
end
`;
  const lines = [
    'complete -c veloci -f',
    ...commands.map(({ name, summary }) => `complete -c veloci -n '__veloci_at 0' -a ${name} -d ${quote(summary)}`),
    ...flagLines('__veloci_flags', globalFlags),
    ...commands.flatMap((
      command,
    ) => [...flagLines(`__veloci_of ${command.name}`, command.flags), ...operandLines(command)]),
  ];
  const functions = readFileSync(inRoot('scripts', 'generate', 'cli', 'completion.fish'), 'utf8');
  return `# ${notice}\n${functions.replace('@TABLE@', () => table.trimEnd() + '\n')}\n${lines.join('\n')}\n`;
}

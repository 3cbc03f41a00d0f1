import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import { indent } from '../../../src/diagnostic/marks.ts';
import type { Command, Flag } from '../../../src/cli/types.ts';

/** What veloci is for, in one line without a period. */
export const purpose = 'run containers from OCI bundles';

/** Pairs in two columns; a left text that is too long for the first gets a line of its own. The command breaks the lines. */
function columns(rows: readonly (readonly [left: string, right: string])[]): string {
  const column = Math.min(30, Math.max(...rows.map(([left]) => left.length)) + 4);
  return rows.map(([left, right]) => {
    const head = `  ${left}`;
    const gap = head.length + 2 <= column ? ' '.repeat(column - head.length) : `\n${' '.repeat(column)}`;
    return `${head}${gap}${indent}${right}\n`;
  }).join('');
}

/** The names of a flag that are shown, with dashes: its letter, if it has one, and the long one. */
export function flagNames(flag: Flag): string[] {
  const letter = flag.also?.find((name) => name.length === 1);
  return [...(letter === undefined ? [] : [`-${letter}`]), `--${flag.name}`];
}

/** What is said about a flag, with its choices before its default. */
export function flagSummary(flag: Flag): string {
  const choices = flag.choices === undefined ? '' : `: ${flag.choices.join(', ')}`;
  const [, summary, rest] = /^(.*?)( \[[^\]]*\])?$/.exec(flag.summary)!;
  return summary + choices + (rest ?? '');
}

function flagRow(flag: Flag): readonly [string, string] {
  const value = flag.value === undefined ? '' : ` ${flag.value}`;
  const names = flagNames(flag).join(', ');
  return [(names.startsWith('--') ? `    ${names}` : names) + value, flagSummary(flag)];
}

function flagsText(flags: readonly Flag[]): string {
  return columns(flags.filter(isShown).map(flagRow));
}

/** `veloci run [FLAGS] ID` */
export function usage(command: Command): string {
  const flags = command.flags.length > 0 ? ' [FLAGS]' : '';
  return `veloci ${command.name}${flags}${command.operands === '' ? '' : ` ${command.operands}`}`;
}

/** Output of `veloci COMMAND --help`. */
export function commandHelp(command: Command): string {
  const flags = command.flags.length > 0 ? `\nflags:\n${flagsText(command.flags)}` : '';
  const examples = command.examples.map(({ line, what }) => {
    const text = `  ${line}    # ${indent}${what}`;
    return text.length <= 81 && line.length <= 52 ? `${text}\n` : `  # ${what}\n  ${line}\n`;
  }).join('');
  return `veloci ${command.name}: ${command.summary}\n
usage: ${usage(command)}\n
${indent}${command.description}
${flags}
example:
${examples}
Global flags: see veloci --help.
`;
}

/** Output of `veloci` alone: what somebody needs who has it for the first time, in the order in which it is needed. */
export function firstHelp(): string {
  const few = commands.flatMap((command) => (command.first === undefined ? [] : { ...command, place: command.first }));
  const rows = few.sort((a, b) => a.place - b.place).map(({ name, operands, summary }) =>
    [`veloci ${name}${operands === '' || operands.startsWith('[') ? '' : ` ${operands}`}`, summary] as const
  );
  return `veloci: ${purpose}\n
first steps, in a directory with a root file system called rootfs:
${columns(rows)}
All commands: veloci help          One of them: veloci help COMMAND
What this host can do: veloci doctor
`;
}

/** Output of `veloci --help`. */
export function mainHelp(): string {
  return `veloci: ${purpose}\n
usage: veloci [GLOBAL FLAGS] COMMAND [FLAGS] [ARGUMENTS]\n
commands:
${columns(commands.map((command) => [command.name, command.summary]))}
global flags:
${flagsText(globalFlags)}
example:
  mkdir -p demo/rootfs && cd demo    # ${indent}put a root file system into rootfs
  veloci spec                        # write config.json
  veloci run demo                    # run it

Help on a command: veloci COMMAND --help
`;
}

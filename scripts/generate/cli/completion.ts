import { readFileSync } from 'node:fs';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import type { Command, Flag } from '../../../src/cli/types.ts';
import { inRoot } from '../../lib/root.ts';
import { notice } from '../names.ts';

/** No suggestions. */
export const any = 'ANY';

/** What completes the value of a flag or an operand by its name in the help: a kind that the functions of the shells know, or the values. */
const kinds: Readonly<Record<string, string>> = {
  DIR: 'DIR',
  FILE: 'FILE',
  PATH: 'FILE',
  ID: 'ID',
  SIGNAL: 'SIGNAL',
  COMMAND: 'COMMAND',
};

/** `add|remove` and `0|1` are the words themselves. */
const kindOf = (name: string): string => kinds[name] ?? (/^[a-z0-9]+(\|[a-z0-9]+)+$/.test(name) ? name : any);

/** The kind of a flag's value: empty for a switch, values with | between them when these are few. */
export function flagKind(flag: Flag): string {
  if (flag.kind === 'bool') return '';
  // The values of a flag without effect are not offered.
  return flag.choices === undefined || !isShown(flag) ? kindOf(flag.value ?? '') : flag.choices.join('|');
}

/** Every name of every flag with the kind of its value: also those that are not suggested take one. */
function known(all: readonly Flag[]): string {
  const flags = all.filter(({ hidden }) => hidden !== true);
  return flags.flatMap((flag) => [flag.name, ...(flag.also ?? [])].map((name) => `${name}=${flagKind(flag)}`)).join(
    ' ',
  );
}

const offered = (flags: readonly Flag[]): string => flags.filter(isShown).map((flag) => `--${flag.name}`).join(' ');

/** Kinds of the operands in their order. A command that reads a bundle and takes an id makes that container: the id is a new one. */
export function operandKinds({ operands, flags }: Command): string[] {
  const makes = flags.some((flag) => flag.name === 'bundle');
  const names = operands.replace(/[[\]]/g, '').split(' ').filter((name) => name !== '');
  return names.map((name) => (name === 'ID' && makes ? any : kindOf(name)));
}

function branch(command: Command): string {
  return `    ${command.name})
      known='${known(command.flags)} '$known
      offered='${offered(command.flags)} '$offered
      operands='${operandKinds(command).join(' ')} '
      flags_end=${command.flagsEndAfter ?? ''}
      ;;
`;
}

/** Text of docs/completion/veloci.bash: src/cli/table.ts as words, and the functions of completion.bash that read them. */
export function bashCompletion(): string {
  const table = `
_veloci_commands='${commands.map((command) => command.name).join(' ')}'
_veloci_global_known='${known(globalFlags)}'
_veloci_global_offered='${offered(globalFlags)}'

# Adds the flags of a command, and sets its operands and after how many of them the flags end.
_veloci_command() {
  case $1 in
${commands.map(branch).join('')}    *) return 1 ;;
  esac
}
`;
  const functions = readFileSync(inRoot('scripts', 'generate', 'cli', 'completion.bash'), 'utf8');
  return `# ${notice}\n${functions.replace('@TABLE@', () => table.trimEnd() + '\n')}`;
}

import { commands, globalFlags } from '../../../src/cli/table.ts';
import type { Command, Flag, FlagKind } from '../../../src/cli/types.ts';
import { specVersion } from '../../../src/spec/version.ts';
import { commandHelp, firstHelp, mainHelp, usage } from './help.ts';
import { notice, snake, wrap } from '../names.ts';

const kinds: Record<FlagKind, string> = { bool: 'boolean', string: 'string', int: 'integer', list: 'list' };

/** Each flag once: the same name means the same kind of value in every command. */
function distinctFlags(): Flag[] {
  const flags = new Map<string, Flag>();
  for (const flag of [...globalFlags, ...commands.flatMap((command) => command.flags)]) {
    const known = flags.get(flag.name) ?? flag;
    // `--rootless VALUE` before the command and `spec --rootless` are two flags of one name.
    if (known.kind !== flag.kind && !(known.ignored ?? flag.ignored)) {
      throw new Error(`src/cli/table.ts: --${flag.name} is a ${known.kind} here and a ${flag.kind} there`);
    }
    flags.set(flag.name, known);
  }
  return [...flags.values()];
}

function text(value: string): string {
  const lines = value.split('\n').map((line, index, all) => line + (index < all.length - 1 ? '\n' : ''));
  return lines.filter((line) => line !== '').map((line) => `    ${JSON.stringify(line)}`).join('\n');
}

function checkNames(owner: string, flags: readonly Flag[]): void {
  const names = flags.flatMap((flag) => [flag.name, ...(flag.also ?? [])]);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) throw new Error(`src/cli/table.ts: ${owner} has two flags called ${name}`);
  });
}

/** Every list of accepted values once; the first is that of flags that take any. */
const choiceLists = [
  ...new Set([
    '',
    ...[...globalFlags, ...commands.flatMap(({ flags }) => flags)].map(({ choices = [] }) => choices.join('|')),
  ]),
];

function flagTable(name: string, flags: readonly Flag[]): string {
  if (flags.length === 0) return '';
  checkNames(name, flags);
  const lines = flags.map((flag) => {
    const long = flag.also?.find((other) => other.length > 1);
    if (long !== undefined)
      throw new Error(`src/cli/table.ts: --${flag.name}: other names than letters are not supported`);
    if (flag.fallback !== undefined && flag.path !== true)
      throw new Error(`src/cli/table.ts: --${flag.name}: a fallback is a path`);
    const letters = (flag.also ?? []).join('');
    const choices = choiceLists.indexOf((flag.choices ?? []).join('|'));
    const columns = [flag.ignored, flag.hidden, flag.path, flag.forEngine !== false && flag.ignored !== true]
      .map((column) => column === true);
    const inPlan = columns[3] && flag.changesExecPlan !== false;
    return `    {Flag::${snake(flag.name)}, "${flag.name}", "${letters}", Kind::${kinds[flag.kind]}, ${choices}, ${
      [...columns, inPlan].join(', ')
    }},\n`;
  });
  return `constexpr FlagSpec ${name}[] = {\n${lines.join('')}};\n`;
}

function fallbacks(flags: readonly Flag[]): string {
  return flags.filter(({ fallback }) => fallback !== undefined)
    .map(({ name, fallback }) => `    {Flag::${snake(name)}, "${fallback}"},\n`).join('');
}

function commandLine(command: Command): string {
  const name = snake(command.name);
  const flags = command.flags.length > 0 ? `flags_of_${name}, ${command.flags.length}` : 'nullptr, 0';
  const max = command.maxOperands === Infinity ? 'any_number' : String(command.maxOperands);
  return `    {Command::${name}, "${command.name}", ${flags}, ${command.minOperands}, ${max}, ` +
    `${command.flagsEndAfter ?? 'any_number'},\n     "${usage(command)}", help_of_${name}},\n`;
}

/** Text of native/generated/cli.gen.h: the command line as tables for the parser, and the help texts. */
export function cliHeader(): string {
  const flags = distinctFlags();
  return `// ${notice}
// Commands, flags and help texts, from src/cli/table.ts.
#pragma once
#include <stdint.h>

namespace veloci::cli {

// Newest version of the runtime specification that is known here.
constexpr char spec_version[] = "${specVersion}";

// What a flag takes: nothing (or =true, =false), a text, a decimal number, or texts by repetition.
enum class Kind : uint8_t { boolean, string, integer, list };

// Every flag, whichever commands have it.
enum class Flag : uint8_t {
${wrap(flags.map((flag) => `${snake(flag.name)},`).join(' '), '  ', 100)}
};
constexpr uint8_t flag_count = ${flags.length};

enum class Command : uint8_t {
${wrap(commands.map((command) => `${snake(command.name)},`).join(' '), '  ', 100)}
};
constexpr uint8_t command_count = ${commands.length};

// Operands without a limit.
constexpr uint8_t any_number = 255;

struct FlagSpec {
  Flag flag;
  // Without dashes; also its name in a request to the engine.
  const char *name;
  // Each letter is another name of it. (Not a pointer: every one takes a relocation, too.)
  char letters[3];
  Kind kind;
  // The accepted values, as a place in choice_lists; 0 = any.
  uint8_t choices;
  // Accepted without effect; for the library, no text names it; the value is a path; the engine gets it; the plan of an
  // exec depends on it.
  bool ignored, hidden, path, for_engine, changes_exec_plan;
};

// Accepted values, separated by |.
constexpr const char *choice_lists[] = {
${choiceLists.map((list) => `    "${list}",\n`).join('')}};

// What stands for an absent flag.
struct Fallback {
  Flag flag;
  const char *value;
};
constexpr Fallback fallbacks[] = {
${fallbacks(flags)}};

struct CommandSpec {
  Command command;
  const char *name;
  const FlagSpec *flags;
  uint8_t flag_count;
  uint8_t min_operands;
  uint8_t max_operands;
  // After this many operands everything is an operand.
  uint8_t flags_end_after;
  const char *usage;
  const char *help;
};

${flagTable('global_flags', globalFlags)}constexpr uint8_t global_flag_count = ${globalFlags.length};

${
    commands.map((command) => flagTable(`flags_of_${snake(command.name)}`, command.flags)).filter((part) => part !== '')
      .join('\n')
  }
constexpr char main_help[] =
${text(mainHelp())};

// What the command shows without any argument.
constexpr char first_help[] =
${text(firstHelp())};

${
    commands.map((command) => `constexpr char help_of_${snake(command.name)}[] =\n${text(commandHelp(command))};\n`)
      .join('\n')
  }
// In the order of Command.
constexpr CommandSpec commands[] = {
${commands.map(commandLine).join('')}};

} // namespace veloci::cli
`;
}

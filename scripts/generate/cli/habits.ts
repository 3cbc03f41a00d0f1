import { commands } from '../../../src/cli/table.ts';
import { adapters } from '../../../src/compat/adapters.ts';
import type { Adapter, Stages } from '../../../src/compat/types.ts';
import { peerValues } from '../../../src/generated/protocol.ts';
import { notice, snake } from '../names.ts';

const literal = (text: string | undefined): string => (text === undefined ? 'nullptr' : JSON.stringify(text));

function usageTable({ name, command }: Adapter): string {
  const lines = commands.map((each) => {
    const operands = command.usageOperands[each.name];
    return `    ${
      literal(operands === undefined ? undefined : `Usage: ${name} [OPTION...] ${each.name} ${operands}`.trimEnd())
    },\n`;
  });
  return `inline constexpr const char *usage_of_${snake(name)}[] = {\n${lines.join('')}};\n`;
}

function stagesTable({ name }: Adapter, { begin, affinity, init, filter, waits, executes }: Stages): string {
  const lines = [begin, affinity, init, filter, waits, executes].map((text) =>
    `    Str{${literal(text)}, ${Buffer.byteLength(text)}},\n`
  );
  return `inline constexpr Stages stages_of_${snake(name)}{\n${lines.join('')}};\n`;
}

function tables(adapter: Adapter): string {
  const { usageOperands, stages } = adapter.command;
  return [
    ...(Object.keys(usageOperands).length === 0 ? [] : [usageTable(adapter)]),
    ...(stages === undefined ? [] : [stagesTable(adapter, stages)]),
  ].join('\n');
}

function row({ name, command }: Adapter): string {
  const index = (peerValues as readonly string[]).indexOf(name);
  if (index < 0 && name !== adapters[0].name)
    throw new Error(`schema/protocol: Peer lacks ${name} of src/compat/adapters.ts`);
  const { usageOperands, stages } = command;
  const values = [
    literal(name),
    `diagnostic::Wording::${snake(name)}`,
    index < 0 ? 'false, {}' : `true, Peer::${snake(name)}`,
    String(command.unknownCommandStatus),
    String(command.needsCommand),
    String(command.deletesCreated),
    String(command.listNeedsRoot),
    literal(command.versionFeatures),
    String(command.versionShowsRoot),
    String(command.versionNamesProgram),
    literal(command.helpHeading),
    Object.keys(usageOperands).length === 0 ? 'nullptr' : `usage_of_${snake(name)}`,
    stages === undefined ? 'nullptr' : `&stages_of_${snake(name)}`,
  ];
  return `    {${values.join(', ')}},\n`;
}

/** Text of native/generated/habits.gen.h: what differs in the native command between the names that it may have. */
export function habitsHeader(): string {
  return `// ${notice}
// What differs between the names under which the command may be started, from src/compat.
#pragma once
#include "base/types.h"
#include "generated/diagnostics.gen.h"
#include "generated/protocol_values.gen.h"

namespace veloci {

// Lines of --debug for what a start has done; what stands in front of a number ends with a space.
struct Stages {
  Str begin, affinity, init, filter, waits, executes;
};

// Properties as src/compat/types.ts describes them; nullptr stands for what is absent.
struct Habits {
  const char *name;
  diagnostic::Wording wording;
  // Whether the engine is told the name, and as what.
  bool is_peer;
  Peer peer;
  uint8_t unknown_command_status;
  bool needs_command, deletes_created, list_needs_root;
  const char *version_features;
  bool version_shows_root, version_names_program;
  const char *help_heading;
  // Usage lines in the order of cli::Command; nullptr in it for a command that has none.
  const char *const *usage;
  const Stages *stages;
};

${adapters.map(tables).filter((text) => text !== '').join('\n')}
// The first one also stands for all names that are not here.
inline constexpr Habits habits_by_name[] = {
${adapters.map(row).join('')}};

} // namespace veloci
`;
}

#include "launcher/invocation.h"
#include "launcher/suggest.h"

namespace veloci {

using namespace diagnostic;

int help_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  const cli::CommandSpec *command = arguments.command();
  // `veloci run --help`, or `veloci help run`.
  if (command != nullptr && command->command != cli::Command::help) return print(invocation, Str::of(command->help));
  Str name = arguments.operand(0);
  if (name.empty()) return print(invocation, Str::of(cli::main_help));
  Suggestion suggestion(name);
  for (const cli::CommandSpec &spec : cli::commands) {
    if (name == Str::of(spec.name)) return print(invocation, Str::of(spec.help));
    suggestion.consider(spec.name);
  }
  constexpr int exit_unknown_command = 3;
  invocation.fail(UnknownCommand{.name = name, .suggestion = suggestion.best()});
  return exit_unknown_command;
}

} // namespace veloci

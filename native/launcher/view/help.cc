#include "launcher/call/invocation.h"
#include "launcher/line/suggest.h"

namespace veloci {

using namespace diagnostic;

namespace {

// A help text, behind the usage line or the heading that the command has under this name.
int print_help(Invocation &invocation, const cli::CommandSpec *command) {
  const Habits &habits = invocation.arguments.habits();
  Str help = Str::of(command != nullptr ? command->help : cli::main_help);
  if (command != nullptr && habits.usage != nullptr) {
    const char *line = habits.usage[static_cast<uint8_t>(command->command)];
    TextOf<256> usage;
    if (line != nullptr) usage.add(line).add("\n\n");
    if (int code = print(invocation, usage.str()); code != 0) return code;
  }
  if (habits.help_heading == nullptr) return print_styled(invocation, help);
  TextOf<512> heading;
  heading.add("NAME:\n   ").add(habits.name);
  if (command != nullptr) heading.add_char(' ').add(command->name);
  // The first line of the help is what the command does, behind a colon.
  const char *colon = strstr(help.c_str(), ": "), *end = strchr(help.c_str(), '\n');
  heading.add(" - ");
  if (command == nullptr)
    heading.add(habits.help_heading);
  else
    heading.add(colon + 2, static_cast<size_t>(end - colon - 2));
  heading.add_char('\n');
  if (int code = print(invocation, heading.str()); code != 0) return code;
  return print_styled(invocation, Str{end + 1, help.size - static_cast<uint32_t>(end + 1 - help.data)});
}

} // namespace

int help_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  const cli::CommandSpec *command = arguments.command();
  // `veloci run --help`, or `veloci help run`.
  if (command != nullptr && command->command != cli::Command::help) return print_help(invocation, command);
  // `veloci` alone. Under another name the whole help, as that command has it.
  if (command == nullptr && !arguments.on(cli::Flag::help) && arguments.habits().help_heading == nullptr)
    return print_styled(invocation, Str::of(cli::first_help));
  Str name = arguments.operand(0);
  if (name.empty()) return print_help(invocation, nullptr);
  Suggestion suggestion(name);
  for (const cli::CommandSpec &spec : cli::commands) {
    if (name == Str::of(spec.name)) return print_help(invocation, &spec);
    suggestion.consider(spec.name);
  }
  constexpr int exit_unknown_command = 3;
  invocation.fail(UnknownCommand{.name = name, .suggestion = suggestion.best()});
  return exit_unknown_command;
}

} // namespace veloci

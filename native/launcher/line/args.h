// The command line, parsed by the generated table of commands and flags.
#pragma once
#include "base/types.h"
#include "compat/name.h"
#include "executor/log/log.h"
#include "generated/cli.gen.h"

namespace veloci {

// One flag that was given; a list flag occurs as often as it was given.
struct GivenFlag {
  const cli::FlagSpec *spec = nullptr;
  Str text;
  int64_t number = 0;
  bool on = false;
};

class Arguments {
public:
  // Parses; on a mistake the error goes to `log` (set up from the flags that came before it), and the exit code is
  // returned; 0 = fine. The arguments must live as long as this.
  int parse(int count, char **arguments, Log &log);

  const cli::CommandSpec *command() const { return command_; }
  bool has(cli::Flag flag) const { return find(flag) != nullptr; }
  bool on(cli::Flag flag) const {
    const GivenFlag *given = find(flag);
    return given != nullptr && given->on;
  }
  // The last value of the flag; empty when it was not given.
  Str text(cli::Flag flag) const {
    const GivenFlag *given = find(flag);
    return given != nullptr ? given->text : Str{};
  }
  // The same, or what stands for an absent flag of this command.
  Str text_or_fallback(cli::Flag flag) const;
  int64_t number(cli::Flag flag) const {
    const GivenFlag *given = find(flag);
    return given != nullptr ? given->number : 0;
  }
  // All flags in the order in which they were given.
  const GivenFlag *begin() const { return given_; }
  const GivenFlag *end() const { return given_ + given_count_; }

  uint32_t operand_count() const { return operand_count_; }
  Str operand(uint32_t index) const { return index < operand_count_ ? Str::of(operands_[index]) : Str{}; }

  void set_operand(uint32_t index, char *value) { operands_[index] = value; }
  void swap_operands(uint32_t first, uint32_t second) {
    char *held = operands_[first];
    operands_[first] = operands_[second];
    operands_[second] = held;
  }

  // The name under which the command was started, and its habits.
  char *name() const { return name_; }
  const Habits &habits() const { return *habits_; }

  // --plan-fd: the encoded Response comes from this descriptor (the library has planned itself). -1 = not given.
  int plan_fd() const { return has(cli::Flag::plan_fd) ? static_cast<int>(number(cli::Flag::plan_fd)) : -1; }
  // --config-fd: the configuration comes from this descriptor, in place of a file of the bundle. -1 = not given.
  int config_fd() const { return has(cli::Flag::config_fd) ? static_cast<int>(number(cli::Flag::config_fd)) : -1; }

private:
  const GivenFlag *find(cli::Flag flag) const;
  void keep(const GivenFlag &given);
  int take_flag(const char *argument, char **rest, int &used);
  int take_value(const cli::FlagSpec &spec, const char *shown, Str value);
  int take_command(const char *name);
  int check_operands();
  int set_up_log();
  // The exit status of an error of the command itself.
  int failure_status() const;
  void find_log_flags();
  // Shows an error and returns the exit code.
  template <class Diagnostic> int refuse(const Diagnostic &diagnostic);

  // Letters in one argument, as in -td: each a flag, the rest of the argument the value of one that takes a value.
  int take_letters(const char *argument, char **rest, int &used, bool &known);
  const cli::FlagSpec *spec_of(Str name) const;

  Log *log_ = nullptr;
  const Habits *habits_ = habits_by_name;
  char *name_ = nullptr;
  const cli::CommandSpec *command_ = nullptr;
  GivenFlag *given_ = nullptr;
  uint32_t given_count_ = 0;
  char **operands_ = nullptr;
  uint32_t operand_count_ = 0;
  // The arguments that have not been parsed yet, while there may be flags among them.
  char **rest_ = nullptr;
  // For the usual number of arguments: the first malloc(3) would cost more than everything else here.
  alignas(GivenFlag) uint8_t memory_[8192];
};

} // namespace veloci

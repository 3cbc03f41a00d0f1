#include "launcher/line/args.h"
#include "wait/interrupt.h"
#include "base/io.h"
#include "executor/log/problem.h"
#include "launcher/line/suggest.h"
#include <stdlib.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr int exit_failure = 1;
constexpr int exit_exec_failure = 255;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '?'; }

// `-` and `-9` are operands.
bool looks_like_flag(const char *argument) {
  if (argument[0] != '-') return false;
  return argument[1] == '-' ? argument[2] != 0 : is_letter(argument[1]);
}

bool matches(const cli::FlagSpec &spec, Str name) {
  if (name == Str::of(spec.name)) return true;
  return name.size == 1 && strchr(spec.letters, name.data[0]) != nullptr;
}

const cli::FlagSpec *find_in(const cli::FlagSpec *flags, uint8_t count, Str name) {
  for (uint8_t i = 0; i < count; i++) {
    if (matches(flags[i], name)) return &flags[i];
  }
  return nullptr;
}

bool is_choice(Str value, const char *choices) {
  for (const char *cursor = choices; *cursor != 0;) {
    const char *end = strchrnul(cursor, '|');
    if (Str{cursor, static_cast<uint32_t>(end - cursor)} == value) return true;
    cursor = *end == 0 ? end : end + 1;
  }
  return false;
}

// Only what the help shows is a suggestion.
void consider(Suggestion &suggestion, const cli::FlagSpec &flag) {
  if (!flag.ignored && !flag.hidden) suggestion.consider(flag.name);
}

bool is_word(Str value, const char *word) { return value == Str::of(word); }

} // namespace

const GivenFlag *Arguments::find(cli::Flag flag) const {
  const GivenFlag *result = nullptr;
  for (const GivenFlag &given : *this) {
    if (given.spec->flag == flag) result = &given;
  }
  return result;
}

Str Arguments::text_or_fallback(cli::Flag flag) const {
  Str given = text(flag);
  for (const cli::Fallback &fallback : cli::fallbacks) {
    if (given.empty() && fallback.flag == flag) given = Str::of(fallback.value);
  }
  return given;
}

void Arguments::keep(const GivenFlag &given) {
  // There is a place for each argument, and one for each flag: a switch that is given again takes its old one.
  for (uint32_t i = 0; given.spec->kind == cli::Kind::boolean && i < given_count_; i++) {
    if (given_[i].spec->flag != given.spec->flag) continue;
    given_[i] = given;
    return;
  }
  given_[given_count_++] = given;
}

// A mistake does not keep the flags behind it from saying where errors go. Words that may be the program's are not
// looked at.
void Arguments::find_log_flags() {
  bool words_end = command_ == nullptr || command_->flags_end_after != cli::any_number;
  for (char **argument = rest_; argument != nullptr && *argument != nullptr && strcmp(*argument, "--") != 0;
       argument++) {
    if (!looks_like_flag(*argument)) {
      if (words_end) return;
      continue;
    }
    for (const cli::FlagSpec &spec : cli::global_flags) {
      bool ours =
          spec.flag == cli::Flag::log || spec.flag == cli::Flag::log_format || spec.flag == cli::Flag::log_level;
      size_t length = strlen(spec.name);
      if (!ours || strncmp(*argument, "--", 2) != 0 || strncmp(*argument + 2, spec.name, length) != 0) continue;
      const char *end = *argument + 2 + length, *value = *end == '=' ? end + 1 : *end == 0 ? argument[1] : nullptr;
      if (value == nullptr || !utf8_valid(Str::of(value))) continue;
      GivenFlag given;
      given.spec = &spec;
      given.text = Str::of(value);
      keep(given);
      if (*end == 0) argument++;
      break;
    }
  }
}

int Arguments::failure_status() const {
  return command_ != nullptr && command_->command == cli::Command::exec ? exit_exec_failure : exit_failure;
}

template <class Diagnostic> int Arguments::refuse(const Diagnostic &diagnostic) {
  find_log_flags();
  set_up_log();
  show(*log_, diagnostic);
  return failure_status();
}

int Arguments::set_up_log() {
  if (is_word(text(cli::Flag::log_format), "json")) log_->set_format(Log::Format::json);
  log_->set_debug(on(cli::Flag::debug) || is_word(text(cli::Flag::log_level), "debug"));
  if (has(cli::Flag::control_fd)) return log_->use(static_cast<int>(number(cli::Flag::control_fd)));
  Str path = text(cli::Flag::log);
  return path.empty() ? 0 : log_->open(path);
}

int Arguments::take_value(const cli::FlagSpec &spec, const char *shown, Str value) {
  GivenFlag given;
  given.spec = &spec;
  given.text = value;
  Str flag = Str::of(shown);
  if (const char *choices = cli::choice_lists[spec.choices]; spec.choices != 0 && !is_choice(value, choices)) {
    return refuse(FlagValue{.value = value, .flag = flag, .expected = Str::of(choices)});
  }
  // Of a variable that nobody has set: not what is meant by the flag.
  bool is_path = spec.flag == cli::Flag::root || spec.flag == cli::Flag::pidfd_socket;
  if (is_path && value.empty()) return refuse(FlagValue{.value = value, .flag = flag, .expected = Str::of("a path")});
  if (spec.kind == cli::Kind::integer) {
    uint64_t number = 0;
    constexpr uint64_t largest = 1 << 20;
    if (!parse_number(value, largest, number)) {
      return refuse(FlagValue{.value = value, .flag = flag, .expected = Str::of("a number from 0 to 1048576")});
    }
    given.number = static_cast<int64_t>(number);
  }
  keep(given);
  return 0;
}

const cli::FlagSpec *Arguments::spec_of(Str name) const {
  const cli::FlagSpec *spec = command_ != nullptr ? find_in(command_->flags, command_->flag_count, name) : nullptr;
  return spec != nullptr ? spec : find_in(cli::global_flags, cli::global_flag_count, name);
}

int Arguments::take_letters(const char *argument, char **rest, int &used, bool &known) {
  known = argument[1] != '-' && argument[1] != 0 && argument[2] != 0;
  for (const char *cursor = argument + 1; known && *cursor != 0; cursor++) {
    const cli::FlagSpec *spec = spec_of(Str{cursor, 1});
    known = spec != nullptr;
    if (known && spec->kind != cli::Kind::boolean) break;
  }
  if (!known) return 0;
  char shown[] = "-?";
  for (const char *cursor = argument + 1; *cursor != 0; cursor++) {
    const cli::FlagSpec *spec = spec_of(Str{cursor, 1});
    shown[1] = *cursor;
    if (spec->kind == cli::Kind::boolean) {
      GivenFlag given;
      given.spec = spec;
      given.on = true;
      keep(given);
      continue;
    }
    if (cursor[1] != 0) return take_value(*spec, shown, Str::of(cursor + 1));
    if (*rest == nullptr) return refuse(FlagNeedsArgument{.flag = Str::of(shown)});
    used++;
    return take_value(*spec, shown, Str::of(*rest));
  }
  return 0;
}

// `rest` are the arguments behind this one; `used` is raised when the first of them is the value.
int Arguments::take_flag(const char *argument, char **rest, int &used) {
  const char *begin = argument + (argument[1] == '-' ? 2 : 1);
  const char *equals = strchr(begin, '=');
  Str name{begin, static_cast<uint32_t>(equals != nullptr ? equals - begin : static_cast<long>(strlen(begin)))};
  const cli::FlagSpec *spec = spec_of(name);
  if (spec == nullptr) {
    bool known = false;
    if (int code = take_letters(argument, rest, used, known); known) return code;
  }
  TextOf<128> shown;
  shown.add(argument[1] == '-' ? "--" : "-").add(name);
  if (spec == nullptr) {
    Suggestion suggestion(name);
    for (const cli::FlagSpec &flag : cli::global_flags) consider(suggestion, flag);
    if (command_ != nullptr) {
      for (uint8_t i = 0; i < command_->flag_count; i++) consider(suggestion, command_->flags[i]);
    }
    TextOf<64> meant;
    if (!suggestion.best().empty()) meant.add("--").add(suggestion.best());
    Str owner = command_ != nullptr ? Str::of(command_->name) : Str::of("veloci");
    TextOf<64> help;
    help.add("veloci ").add(command_ != nullptr ? command_->name : "").add(command_ != nullptr ? " --help" : "--help");
    return refuse(UnknownFlag{.flag = shown.str(), .command = owner, .suggestion = meant.str(), .help = help.str()});
  }
  if (spec->kind != cli::Kind::boolean) {
    if (equals != nullptr) return take_value(*spec, shown.c_str(), Str::of(equals + 1));
    if (*rest == nullptr) return refuse(FlagNeedsArgument{.flag = shown.str()});
    used++;
    return take_value(*spec, shown.c_str(), Str::of(*rest));
  }
  GivenFlag given;
  given.spec = spec;
  given.on = true;
  if (equals != nullptr) {
    Str value = Str::of(equals + 1);
    if (is_word(value, "false") || is_word(value, "0"))
      given.on = false;
    else if (!is_word(value, "true") && !is_word(value, "1")) {
      return refuse(FlagTakesNoArgument{.flag = shown.str(), .value = value});
    }
  }
  keep(given);
  return 0;
}

int Arguments::take_command(const char *name) {
  Suggestion suggestion(Str::of(name));
  for (const cli::CommandSpec &spec : cli::commands) {
    if (strcmp(spec.name, name) == 0) {
      command_ = &spec;
      return 0;
    }
    suggestion.consider(spec.name);
  }
  refuse(UnknownCommand{.name = Str::of(name), .suggestion = suggestion.best()});
  return habits_->unknown_command_status;
}

int Arguments::check_operands() {
  if (operand_count_ < command_->min_operands) {
    return refuse(ArgumentMissing{.command = Str::of(command_->name),
                                  .what = Str::of("the id of a container"),
                                  .usage = Str::of(command_->usage)});
  }
  if (operand_count_ > command_->max_operands && command_->max_operands != cli::any_number) {
    return refuse(ArgumentExtra{.argument = operand(command_->max_operands),
                                .command = Str::of(command_->name),
                                .usage = Str::of(command_->usage)});
  }
  return 0;
}

int Arguments::parse(int count, char **arguments, Log &log) {
  log_ = &log;
  habits_ = &habits_of(count, arguments);
  name_ = called_as(arguments);
  log.use_wording(habits_->wording);
  size_t places = static_cast<size_t>(count) + 1, flag_places = places + cli::flag_count;
  size_t size = flag_places * sizeof(GivenFlag) + places * sizeof(char *);
  uint8_t *memory = memory_;
  if (size > sizeof memory_ && (memory = static_cast<uint8_t *>(malloc(size))) == nullptr) return exit_failure;
  given_ = reinterpret_cast<GivenFlag *>(memory);
  operands_ = reinterpret_cast<char **>(memory + flag_places * sizeof(GivenFlag));
  bool flags_ended = false;
  for (int i = 1; i < count; i++) {
    char *argument = arguments[i];
    // With what may be its value.
    int last = !flags_ended && looks_like_flag(argument) && i + 1 < count ? i + 1 : i;
    rest_ = flags_ended ? nullptr : arguments + i + 1;
    for (int place = i; place <= last; place++) {
      if (!utf8_valid(Str::of(arguments[place]))) return refuse(ArgumentNotUtf8{.number = NumberText(place)});
    }
    if (!flags_ended && strcmp(argument, "--") == 0) {
      flags_ended = true;
    } else if (!flags_ended && looks_like_flag(argument)) {
      if (int code = take_flag(argument, arguments + i + 1, i); code != 0) return code;
    } else if (command_ == nullptr) {
      if (int code = take_command(argument); code != 0) return code;
    } else {
      operands_[operand_count_++] = argument;
      if (operand_count_ >= command_->flags_end_after) {
        flags_ended = true;
        // `exec ID -- PROGRAM`: no program is called so.
        if (i + 1 < count && strcmp(arguments[i + 1], "--") == 0 && operand_count_ == command_->flags_end_after) i++;
      }
    }
  }
  rest_ = nullptr;
  if (int err = set_up_log(); err != 0) {
    Str path = text(cli::Flag::log);
    if (err == EINTR)
      show(*log_, CommandInterrupted{.signal = NumberText(Signals::pending_stop())});
    else if (err == ETIMEDOUT)
      show(*log_, LogUnread{.path = path, .seconds = NumberText(wait_limit / 1000)});
    else
      show(*log_, LogFile{.path = path, .errno_ = ErrnoText(err)});
    return failure_status();
  }
  bool asks = on(cli::Flag::help) || on(cli::Flag::version);
  return command_ == nullptr || asks ? 0 : check_operands();
}

} // namespace veloci

// timeline: when each operation of the container's last start, or of one of its last execs, was done.
#include "launcher/door/exec_timing.h"
#include "launcher/door/stored.h"
#include "launcher/door/timing.h"
#include "launcher/line/table.h"
#include <initializer_list>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr const char *heads[] = {"EXEC", "BEGUN", "MILLISECONDS", "PROGRAM", nullptr};

// From the beginning of the command to the program.
uint64_t duration_of(const ExecTiming &timing) {
  uint64_t first = UINT64_MAX, last = 0;
  for (uint32_t i = 0; i < timing.count; i++) {
    uint64_t time = timing.stamps[i].monotonic;
    if (time < first) first = time;
    if (timing.stamps[i].program == record_moment && time > last) last = time;
  }
  return last > first ? last - first : 0;
}

int list_execs(Invocation &invocation) {
  Table table(heads);
  ExecTiming timing;
  int err = 0;
  for (uint32_t back = 1; err == 0 && back <= exec_timings_max; back++) {
    if (!read_exec_timing(invocation, back, timing)) continue;
    TextOf<16> number;
    TextOf<48> begun;
    TextOf<32> duration;
    TextOf<sizeof timing.program> program;
    uint64_t microseconds = duration_of(timing) / 1000;
    duration.add_number(microseconds / 1000).add_char('.').add_number(microseconds % 1000, 3);
    // Not what a terminal would act on.
    for (const char *c = timing.program; *c != 0; c++)
      program.add_char(static_cast<unsigned char>(*c) < ' ' || *c == 0x7f ? '?' : *c);
    for (Str text :
         {number.add_number(back).str(), begun.add_time(timing.begun).str(), duration.str(), program.str()}) {
      if (err == 0) err = table.add(text);
    }
  }
  Buffer text;
  if (err == 0) err = table.write(Growing(text));
  if (err != 0) return invocation.fail(SystemCall{.what = what::list_execs, .errno_ = ErrnoText(err)});
  return print(invocation, text.str());
}

// One form alone.
int check_form(Invocation &invocation) {
  const struct {
    cli::Flag flag;
    const char *name;
  } forms[] = {{cli::Flag::svg, "svg"}, {cli::Flag::chrome, "chrome"}, {cli::Flag::otlp, "otlp"}};
  const char *given = nullptr;
  for (const auto &form : forms) {
    if (!invocation.arguments.on(form.flag)) continue;
    if (given != nullptr) return invocation.fail(FlagsExclude{.flag = Str::of(given), .other = Str::of(form.name)});
    given = form.name;
  }
  return 0;
}

} // namespace

int timeline_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  if (int code = check_form(invocation); code != 0) return code;
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (arguments.on(cli::Flag::execs)) return list_execs(invocation);
  Request request;
  if (int err = restore_request(invocation, request); err != 0)
    return invocation.fail(
        PlanOutdated{.id = invocation.context.id, .what = "the kept request or config.json cannot be read"});
  request.add_flags(arguments);
  if (!arguments.has(cli::Flag::exec)) return show_timeline(invocation, request, STDOUT_FILENO);
  ExecTiming timing;
  Buffer memory, process_memory;
  int64_t back = arguments.number(cli::Flag::exec);
  bool known =
      back > 0 && back <= exec_timings_max && read_exec_timing(invocation, static_cast<uint32_t>(back), timing);
  if (!known) return invocation.fail(ExecUntimed{.number = NumberText(back), .id = invocation.context.id});
  if (!memory.reserve(sizeof(Record)))
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  Record &record = *reinterpret_cast<Record *>(memory.data());
  take_stamps(timing, record);
  Str name;
  Bytes text;
  bool kept = read_exec_process(invocation, timing.number, process_memory, name, text);
  if (kept && !request.process.add(text.data, text.size))
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  return show_timeline(invocation, request, STDOUT_FILENO, &record, kept ? name : Str{});
}

} // namespace veloci

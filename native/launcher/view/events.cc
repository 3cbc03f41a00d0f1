#include "executor/process/exit_status.h"
#include "base/clock.h"
#include "process/process.h"
#include "launcher/line/duration.h"
#include "launcher/container/end.h"
#include "launcher/door/ending.h"
#include "launcher/call/invocation.h"
#include "stats/stats.h"
#include "stats/watch.h"
#include <signal.h>

namespace veloci {

using namespace diagnostic;

namespace {

// More when a line needs it.
constexpr size_t line_usual = 1 << 20;

class Events {
public:
  explicit Events(Invocation &invocation) : invocation_(invocation) {}
  int run();

private:
  int open();
  int print_stats();
  // A line without data, or with what `write` adds.
  template <class Write> int print_line(const char *type, Write write);
  int print_event(const char *type);
  // The end of init, with its status where that is known.
  int print_exit();
  int watch(int64_t interval);

  Invocation &invocation_;
  StatsSource source_;
  Pages memory_;
  Fd pidfd_;
};

template <class Write> int Events::print_line(const char *type, Write write) {
  Str text;
  while (text.empty()) {
    JsonWriter json(memory_.data(), memory_.size());
    json.open('{').key("type").string(Str::of(type)).key("id").string(invocation_.context.id);
    write(json);
    json.close('}');
    if (!json.full())
      text = json.text();
    else if (!memory_.allocate(2 * memory_.size()))
      return invocation_.fail(SystemCall{.what = what::write_usage, .errno_ = ErrnoText(errno)});
  }
  // One write: another writer of the same pipe does not come in between.
  const_cast<char *>(text.data)[text.size] = '\n';
  return print(invocation_, {text.data, text.size + 1});
}

int Events::print_stats() {
  int pid = invocation_.context.record->pid;
  return print_line("stats", [&](JsonWriter &json) { write_stats(json.key("data"), source_, pid); });
}

int Events::print_event(const char *type) {
  return print_line(type, [](JsonWriter &) {});
}

int Events::print_exit() {
  int exit_code = 0;
  Record &record = *invocation_.context.record;
  bool known = find_exit_code(record, pidfd_.get(), exit_code);
  Ending ending;
  // The cgroup may have the reason of an end whose code nobody has seen.
  explain_end(invocation_, nullptr, known ? exit_code : signal_base + SIGKILL, ending);
  if (known)
    record_exit(record, exit_code, ending.reason);
  else
    record_reason(record, ending.reason);
  keep_end(record, true);
  return print_line("exit", [&](JsonWriter &json) {
    json.key("data").open('{').key("exitStatus");
    if (known)
      json.number(static_cast<uint64_t>(exit_code));
    else
      json.string(Str::of("unknown"));
    if (!ending.keys.empty()) json.key("reason").string(reason_name(ending.reason)).members(ending.keys);
    write_exit(ExitWriter(json.key("exit")), record);
    json.close('}');
  });
}

int Events::open() {
  const Context &context = invocation_.context;
  int err = open_identified(context.record->pid, context.record->start_time, pidfd_);
  if (err == ESRCH) return invocation_.fail(NotRunning{.id = context.id, .status = Str::of("stopped")});
  if (err == 0) err = source_.open(*context.record);
  if (err == 0 && !memory_.allocate(line_usual)) err = errno;
  return err == 0 ? 0 : invocation_.fail(CgroupGone{.id = context.id, .errno_ = ErrnoText(err)});
}

int Events::watch(int64_t interval) {
  invocation_.context.witness.look(*invocation_.context.record);
  Watch watch;
  watch.open(*invocation_.context.record, source_, pidfd_.get(), invocation_.signals.descriptor());
  int64_t next = monotonic_milliseconds() + interval;
  for (;;) {
    int code = 0;
    switch (watch.wait(next)) {
    case WatchEvent::none: break;
    case WatchEvent::tick:
      code = print_stats();
      next += interval;
      break;
    case WatchEvent::oom:
      invocation_.context.witness.look(*invocation_.context.record);
      code = print_event("oom");
      break;
    case WatchEvent::pause: code = print_event("pause"); break;
    case WatchEvent::resume: code = print_event("resume"); break;
    case WatchEvent::pressure:
      code = print_line("pressure", [&](JsonWriter &json) {
        json.key("data").open('{').key("resource").string(Str::of(watch.resource()));
        write_pressure_text(json.key("psi"), watch.pressure_text());
        json.close('}');
      });
      break;
    case WatchEvent::exit: return print_exit();
    case WatchEvent::stop: return 0;
    }
    if (code != 0) return code;
  }
}

int Events::run() {
  int64_t interval = 5000;
  Str given = invocation_.arguments.text(cli::Flag::interval);
  if (invocation_.arguments.has(cli::Flag::interval) && !parse_duration(given, interval)) {
    return invocation_.fail(Duration{.value = given, .flag = Str::of("--interval")});
  }
  if (int code = open(); code != 0) return code;
  return invocation_.arguments.on(cli::Flag::stats) ? print_stats() : watch(interval);
}

} // namespace

int events_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  if (status == Status::stopped) return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  return Events(invocation).run();
}

} // namespace veloci

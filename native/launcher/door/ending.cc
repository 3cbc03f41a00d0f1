#include "launcher/door/ending.h"
#include "base/clock.h"
#include "executor/process/channel.h"
#include "executor/process/exit_status.h"
#include "launcher/container/end.h"
#include "launcher/door/audit.h"
#include "launcher/door/stored.h"
#include "record/ending.h"
#include "stats/usage.h"
#include <signal.h>

namespace veloci {

namespace {

constexpr int bad_system_call = signal_base + SIGSYS;

// 0, or it cannot be said why.
int ask(Invocation &invocation, Request &request, int code, bool out_of_memory, Ending &ending) {
  Record &record = *invocation.context.record;
  bool own = !invocation.context.joins();
  if (own && code == bad_system_call) keep_refused_call(record);
  const RecordEnding *kept = record_ending(record);
  request.note_end(code, out_of_memory, own && kept != nullptr ? Str::of(kept->call) : Str{});
  if (int err = ending.engine.start(EngineVerb::ended); err != 0) return err;
  if (!ending.engine.send(request, EngineVerb::ended, nullptr)) return errno;
  invocation.log.mute(true);
  int failed = ending.engine.await(invocation, ending.response);
  invocation.log.mute(false);
  return failed;
}

} // namespace

void keep_refused_call(Record &record) {
  RecordEnding *kept = record_ending(record);
  if (kept == nullptr || kept->call[0] != 0) return;
  int64_t age = nanoseconds_of(CLOCK_REALTIME) - static_cast<int64_t>(record.created);
  TextOf<sizeof kept->call> name;
  if (find_refused_call(record.pid, nanoseconds_of(CLOCK_BOOTTIME) - age, name)) keep_text(kept->call, name.str());
}

void explain_end(Invocation &invocation, Request *request, int code, Ending &ending) {
  if (code == 0) return;
  const Record &record = *invocation.context.record;
  bool out_of_memory =
      record_end_reason(record) == EndReason::out_of_memory || has_run_out_of_memory(invocation.context);
  if (!out_of_memory && code != bad_system_call) return;
  Request kept;
  if (request == nullptr) {
    if (restore_request(invocation, kept) != 0) return;
    kept.add_flags(invocation.arguments);
    request = &kept;
  }
  if (ask(invocation, *request, code, out_of_memory, ending) != 0 || ending.response.code.empty()) return;
  ending.reason = out_of_memory ? EndReason::out_of_memory : EndReason::seccomp;
  ending.keys = ending.response.keys;
  RecordEnding *known = record_ending(*invocation.context.record);
  if (known != nullptr && !invocation.context.joins()) keep_text(known->pointer, ending.response.text);
  invocation.log.warnings(ending.response.warnings);
}

void keep_end(Record &record, bool seen) {
  RecordEnding *kept = record_ending(record);
  if (kept == nullptr) return;
  if (seen && kept->finished == 0) kept->finished = static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME));
  int code = 0;
  if (record_has_exit(record, code) && code == bad_system_call) keep_refused_call(record);
  StatsSource source;
  if (source.open(record) == 0) read_totals(source, kept->memory_peak, kept->cpu_user, kept->cpu_system);
}

int print_exit_record(Invocation &invocation) {
  char memory[end_size_max];
  JsonWriter json(memory, sizeof memory - 1);
  write_exit(ExitWriter(json), *invocation.context.record);
  Str text = json.text();
  memory[text.size] = '\n';
  return print(invocation, {text.data, text.size + 1});
}

} // namespace veloci

#include "launcher/container/end.h"
#include "executor/cgroup/cgroup.h"
#include "launcher/line/signal_name.h"
#include "record/ending.h"
#include "record/state_json.h"

namespace veloci {

namespace {

// The cgroup remembers what nobody has seen.
EndReason reason_of(const Record &record) {
  int code = 0;
  if (record_has_exit(record, code) && code == 0) return EndReason::unknown;
  EndReason reason = record_end_reason(record);
  return reason == EndReason::unknown && out_of_memory_recorded(record) ? EndReason::out_of_memory : reason;
}

// A text of the record, which may be damaged.
template <size_t size> Str text_of(const char (&member)[size]) {
  return {member, static_cast<uint32_t>(strnlen(member, size))};
}

void write_sender(ExitWriter &exit, const RecordEnding &ending) {
  switch (static_cast<Sender>(ending.sender)) {
  case Sender::kill: exit.sent_by(SignalSender::kill); break;
  case Sender::run: exit.sent_by(SignalSender::run); break;
  case Sender::delete_: exit.sent_by(SignalSender::delete_); break;
  default: return;
  }
  TextOf<24> name;
  TextOf<48> time;
  add_signal_name(name, ending.sent);
  exit.sent_signal(name.str()).sent_at(time.add_time(ending.sent_time).str());
}

void write_times(ExitWriter &exit, const RecordEnding &ending) {
  TextOf<48> started, finished;
  if (ending.started != 0) exit.started(started.add_time(ending.started).str());
  if (ending.finished != 0) exit.finished(finished.add_time(ending.finished).str());
}

} // namespace

void write_exit(ExitWriter exit, const Record &record) {
  int code = 0;
  if (record_has_exit(record, code)) exit.status(code);
  const RecordEnding *ending = record_ending(record);
  if (ending != nullptr && ending->signal_known == 1 && ending->signal != 0) {
    TextOf<24> name;
    add_signal_name(name, ending->signal);
    exit.signal(name.str());
  }
  if (EndReason reason = reason_of(record); reason != EndReason::unknown) exit.reason(reason_name(reason));
  if (ending == nullptr) return;
  if (Str call = text_of(ending->call); !call.empty()) exit.system_call(call);
  if (Str pointer = text_of(ending->pointer); !pointer.empty()) exit.pointer(pointer);
  write_sender(exit, *ending);
  write_times(exit, *ending);
  if (ending->memory_peak != 0) exit.memory_peak(static_cast<int64_t>(ending->memory_peak));
  if (ending->cpu_user == 0 && ending->cpu_system == 0) return;
  exit.cpu_user(static_cast<int64_t>(ending->cpu_user)).cpu_system(static_cast<int64_t>(ending->cpu_system));
}

void add_end(Text &out, const Record &record) {
  int code = 0;
  if (record_has_exit(record, code)) out.add(",\n  \"exitStatus\": ").add_signed(code);
  if (EndReason reason = reason_of(record); reason != EndReason::unknown)
    out.add(",\n  \"reason\": \"").add(reason_name(reason)).add_char('"');
  char memory[end_size_max / 2];
  JsonWriter json(memory, sizeof memory);
  write_exit(ExitWriter(json), record);
  constexpr uint32_t empty = 2;
  if (!json.full() && json.text().size > empty) add_indented(out.add(",\n  \"exit\": "), json.text(), 1);
}

} // namespace veloci

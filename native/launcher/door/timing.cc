#include "launcher/door/timing.h"
#include "base/clock.h"
#include "record/ending.h"
#include <string.h>

namespace veloci {

using namespace diagnostic;

namespace {

const RecordStamp &stamp_at(const Record &record, uint32_t number) {
  return record.stamps[number % Record::stamps_max];
}

// The first moment is the zero of all times.
uint64_t zero_of(const Record &record, uint32_t first, uint32_t count) {
  uint64_t zero = UINT64_MAX;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t time = stamp_at(record, first + i).monotonic;
    if (time < zero) zero = time;
  }
  return count == 0 ? 0 : zero;
}

void add_phases(ListWriter<PhaseStampWriter> list, const Record &record, uint32_t first, uint32_t count,
                uint64_t zero) {
  for (uint32_t i = 0; i < count; i++) {
    const RecordStamp &stamp = stamp_at(record, first + i);
    if (stamp.program != record_moment || stamp.index > static_cast<uint16_t>(Phase::started)) continue;
    list.next().name(static_cast<Phase>(stamp.index)).time(static_cast<int64_t>(stamp.monotonic - zero));
  }
}

void add_stamps(ListWriter<StampWriter> list, const Record &record, uint32_t first, uint32_t count, uint64_t zero) {
  for (uint32_t i = 0; i < count; i++) {
    const RecordStamp &stamp = stamp_at(record, first + i);
    // Of a container of another version, or damaged.
    if (stamp.program >= program_name_count) continue;
    StampWriter out = list.next();
    out.program(Str::of(program_name(static_cast<ProgramName>(stamp.program)))).index(stamp.index);
    if (stamp.code != 0) out.op(Str::of(operation_name(stamp.code)));
    out.time(static_cast<int64_t>(stamp.monotonic - zero));
  }
}

int note_timing(Request &request, const Record &record, bool exec, Str process, const char *traceparent) {
  constexpr size_t size = 64 * 1024, trace_size = 256;
  return request.note_members(size, [&](JsonWriter &json) {
    RequestWriter members(json);
    TimingWriter timing = members.timing();
    write_timing(timing, record);
    if (exec) timing.exec(true);
    if (!process.empty()) timing.process(process);
    if (traceparent != nullptr && strlen(traceparent) < trace_size) timing.traceparent(Str::of(traceparent));
    return 0;
  });
}

const char *traceparent(char **environment) {
  constexpr char name[] = "TRACEPARENT=";
  for (; environment != nullptr && *environment != nullptr; environment++) {
    if (strncmp(*environment, name, sizeof name - 1) == 0) return *environment + sizeof name - 1;
  }
  return nullptr;
}

} // namespace

void write_timing(TimingWriter &timing, const Record &record) {
  uint32_t first, count = record_stamps(record, first);
  uint64_t zero = zero_of(record, first, count);
  int64_t epoch = nanoseconds_of(CLOCK_REALTIME) - nanoseconds_of(CLOCK_MONOTONIC) + static_cast<int64_t>(zero);
  add_phases(timing.phases(), record, first, count, zero);
  add_stamps(timing.stamps(), record, first, count, zero);
  timing.lost(first).epoch(epoch / 1000);
}

void note_moment(Invocation &invocation, Phase phase) {
  Record *record = invocation.context.record;
  if (record == nullptr || !record_rest_known(*record)) return;
  int64_t time =
      phase == Phase::begin || (phase == Phase::start && invocation.arguments.command()->command == cli::Command::start)
          ? invocation.begun
          : nanoseconds_of(CLOCK_MONOTONIC);
  record_stamp_moment(*record, static_cast<uint16_t>(phase), time);
  RecordEnding *ending = phase == Phase::started ? record_ending(*record) : nullptr;
  if (ending != nullptr) ending->started = static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME));
}

int show_timeline(Invocation &invocation, Request &request, int fd) {
  return show_timeline(invocation, request, fd, nullptr, Str{});
}

int show_timeline(Invocation &invocation, Request &request, int fd, const Record *exec, Str process) {
  const Record &record = exec != nullptr ? *exec : *invocation.context.record;
  Engine engine;
  Response response;
  if (int err = note_timing(request, record, exec != nullptr, process, traceparent(invocation.environment)); err != 0)
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(err)});
  if (int err = engine.start(EngineVerb::timeline); err != 0)
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  if (!engine.send(request, EngineVerb::timeline, nullptr))
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  if (fd == STDOUT_FILENO) return print(invocation, response.text);
  Bytes text{reinterpret_cast<const uint8_t *>(response.text.data), response.text.size};
  int err = write_all(fd, text);
  return err == 0 ? 0 : invocation.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

} // namespace veloci

#include "launcher/door/exec_timing.h"
#include "base/clock.h"
#include "executor/state/state.h"
#include "generated/protocol.gen.h"
#include <fcntl.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr char magic[8] = {'V', 'L', 'C', 'I', 'E', 'X', 'E', '1'};

// The last one's number; 0 when the container's maker did not count, or there was none.
uint32_t count_of(const Record &record) {
  constexpr size_t known = offsetof(RecordAdded, exec_count) + sizeof(RecordAdded::exec_count);
  const RecordAdded *added = record_added(record);
  return added != nullptr && added->size >= known ? __atomic_load_n(&added->exec_count, __ATOMIC_RELAXED) : 0;
}

bool counts(const Record &record) {
  constexpr size_t known = offsetof(RecordAdded, exec_count) + sizeof(RecordAdded::exec_count);
  const RecordAdded *added = record_added(record);
  return added != nullptr && added->size >= known;
}

void add(ExecTiming &timing, const RecordStamp &stamp) {
  if (timing.count < ExecTiming::stamps_max)
    timing.stamps[timing.count++] = stamp;
  else
    timing.lost++;
}

void add_moment(ExecTiming &timing, Phase phase, int64_t time) {
  add(timing, {record_moment, 0, static_cast<uint16_t>(phase), 0, 0, static_cast<uint64_t>(time)});
}

// The operation that an init or a stager has stamped by its place alone.
uint16_t code_of(const PlanFile &plan, const RecordStamp &stamp) {
  Program program;
  if (!plan.find(static_cast<ProgramName>(stamp.program), program)) return 0;
  for (const OpRecord &op : program) {
    if (op.index == stamp.index) return op.code;
  }
  return 0;
}

void add_stamps(ExecTiming &timing, const Context &context) {
  const Record &report = *context.report;
  uint32_t first, count = record_stamps(report, first);
  timing.lost = first;
  for (uint32_t i = 0; i < count; i++) {
    RecordStamp stamp = report.stamps[(first + i) % Record::stamps_max];
    if (stamp.program >= program_name_count) continue;
    if (stamp.code == 0) stamp.code = code_of(context.plan, stamp);
    add(timing, stamp);
  }
}

// The file of a process, in its place of a file of its own.
struct ExecProcess {
  uint32_t number, size;
  char name[256]; // of the file; ends in a NUL
  static constexpr size_t text_max = 32 * 1024;
  uint8_t text[text_max];
};

void keep_process(const Context &context, uint32_t number, Str name, Bytes text) {
  if (text.size == 0 || text.size > ExecProcess::text_max || name.size >= sizeof ExecProcess::name) return;
  Buffer memory;
  size_t used = offsetof(ExecProcess, text) + text.size;
  if (!memory.reserve(used)) return;
  auto *process = reinterpret_cast<ExecProcess *>(memory.data());
  memset(process, 0, offsetof(ExecProcess, text));
  process->number = number;
  process->size = static_cast<uint32_t>(text.size);
  memcpy(process->name, name.data, name.size);
  memcpy(process->text, text.data, text.size);
  Fd file(openat(context.state.get(), state_name::processes, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return;
  auto place = static_cast<off_t>(sizeof(ExecProcess) * (number % exec_timings_max));
  if (pwrite(file.get(), process, used, place) < 0) return;
}

off_t place_of(uint32_t number) { return static_cast<off_t>(sizeof(ExecTiming)) * (number % exec_timings_max); }

} // namespace

void keep_exec_timing(Invocation &invocation, int64_t planned, Bytes process) {
  const Context &context = invocation.context;
  if (!counts(*context.record)) return;
  int64_t now = nanoseconds_of(CLOCK_MONOTONIC);
  ExecTiming timing = {};
  memcpy(timing.magic, magic, sizeof magic);
  timing.begun = static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME) - now + invocation.begun);
  timing.number = __atomic_add_fetch(&context.record->added.exec_count, 1, __ATOMIC_RELAXED);
  Str program = invocation.arguments.operand(1);
  if (program.empty()) program = Str::of("--process");
  uint32_t size = program.size < sizeof timing.program ? program.size : sizeof timing.program - 1;
  memcpy(timing.program, program.data, size);
  add_moment(timing, Phase::begin, invocation.begun);
  add_moment(timing, Phase::planned, planned);
  add_moment(timing, Phase::started, now);
  add_stamps(timing, context);
  Fd file(openat(context.state.get(), state_name::execs, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return;
  size_t used = offsetof(ExecTiming, stamps) + timing.count * sizeof(RecordStamp);
  if (pwrite(file.get(), &timing, used, place_of(timing.number)) < 0) return;
  keep_process(context, timing.number, invocation.arguments.text(cli::Flag::process), process);
}

bool read_exec_timing(const Invocation &invocation, uint32_t back, ExecTiming &timing) {
  const Context &context = invocation.context;
  uint32_t last = count_of(*context.record);
  if (back == 0 || back > last || back > exec_timings_max) return false;
  uint32_t number = last - back + 1;
  Fd file(openat(context.state.get(), state_name::execs, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  timing = {};
  if (!file.valid() || pread(file.get(), &timing, sizeof timing, place_of(number)) <= 0) return false;
  timing.program[sizeof timing.program - 1] = 0;
  bool whole = memcmp(timing.magic, magic, sizeof magic) == 0 && timing.count <= ExecTiming::stamps_max;
  return whole && timing.number == number;
}

bool read_exec_process(const Invocation &invocation, uint32_t number, Buffer &memory, Str &name, Bytes &text) {
  Fd file(
      openat(invocation.context.state.get(), state_name::processes, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() || !memory.reserve(sizeof(ExecProcess))) return false;
  auto *process = reinterpret_cast<ExecProcess *>(memory.data());
  auto place = static_cast<off_t>(sizeof(ExecProcess) * (number % exec_timings_max));
  ssize_t count = pread(file.get(), process, sizeof *process, place);
  constexpr size_t head = offsetof(ExecProcess, text);
  if (count < static_cast<ssize_t>(head) || process->number != number) return false;
  if (process->size > static_cast<size_t>(count) - head) return false;
  process->name[sizeof process->name - 1] = 0;
  name = Str::of(process->name);
  text = {process->text, process->size};
  return true;
}

void take_stamps(const ExecTiming &timing, Record &record) {
  for (uint32_t i = 0; i < timing.count; i++) record.stamps[i] = timing.stamps[i];
  record.stamp_count = timing.count;
}

} // namespace veloci

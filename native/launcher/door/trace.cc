#include "launcher/door/trace.h"

namespace veloci {

namespace {

constexpr uint32_t tsync = 1;

void trace_affinity(Log &log, const Stages &stages, const OpRecord &record) {
  CpuAffinity op;
  Reader reader(record.body);
  if (!read(reader, op) || !op.mask) return;
  uint64_t mask = 0;
  for (size_t i = 0; i < sizeof mask && i < op.mask.value.size; i++)
    mask |= static_cast<uint64_t>(op.mask.value.data[i]) << (8 * i);
  TextOf<64> text;
  text.add(stages.affinity).add("0x");
  int shift = 60;
  while (shift > 0 && (mask >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) text.add_char("0123456789abcdef"[(mask >> shift) & 15]);
  log.debug(text.str());
}

void trace_filter(Log &log, const Stages &stages, const OpRecord &record) {
  SeccompLoad op;
  Reader reader(record.body);
  if (!read(reader, op)) return;
  // One thread needs no synchronization.
  TextOf<64> text;
  log.debug(text.add(stages.filter).add_number(op.flags & ~tsync).str());
}

// When each operation was done, from the beginning of the command on.
void trace_operations(Log &log, const Context &context, int64_t begun) {
  const Record &record = *context.report;
  uint32_t first, count = record_stamps(record, first);
  for (uint32_t i = 0; i < count; i++) {
    const RecordStamp &stamp = record.stamps[(first + i) % Record::stamps_max];
    Program program;
    if (!context.plan.find(static_cast<ProgramName>(stamp.program), program)) continue;
    for (const OpRecord &op : program) {
      if (op.index != stamp.index) continue;
      uint64_t microseconds = (stamp.monotonic - static_cast<uint64_t>(begun)) / 1000;
      TextOf<128> text;
      text.add(program_name(static_cast<ProgramName>(stamp.program))).add_char(' ').add_number(op.index).add(": ");
      text.add(operation_name(op.code)).add(" done after ").add_number(microseconds / 1000).add_char('.');
      log.debug(text.add_number(microseconds % 1000, 3).add(" ms").str());
      break;
    }
  }
}

} // namespace

void trace_start(Invocation &invocation) {
  Log &log = invocation.log;
  if (!log.debugs()) return;
  const Context &context = invocation.context;
  const Stages *stages = invocation.arguments.habits().stages;
  if (stages == nullptr) return trace_operations(log, context, invocation.begun);
  Program program;
  log.debug(stages->begin);
  if (context.plan.find(ProgramName::stager, program)) {
    for (const OpRecord &op : program) {
      if (op.code == code::cpu_affinity) trace_affinity(log, *stages, op);
    }
  }
  log.debug(stages->init);
  if (!context.plan.find(ProgramName::init, program)) return;
  bool waits = false;
  for (const OpRecord &op : program) {
    if (op.code == code::seccomp_load) trace_filter(log, *stages, op);
    waits = waits || op.code == code::start_wait;
  }
  log.debug(waits ? stages->waits : stages->executes);
}

} // namespace veloci

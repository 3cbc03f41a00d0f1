#include "executor/handler.h"

namespace veloci {

namespace {

// What init reports in memory of its own is brought over later; the host's is in the record at once.
void stamp(Context &context, ProgramName name, const OpRecord &op) {
  Record *record = context.apart ? context.record : context.report;
  if (record != nullptr && record_rest_known(*record))
    record_stamp_host(*record, static_cast<uint8_t>(name), op.index, op.code);
}

// Whether an operation may keep us for long, or begins something that others see. In between nothing waits, and who
// wants us to stop is heard at the next one of these.
bool is_turning_point(uint16_t code) {
  switch (code) {
  case code::hook_run:
  case code::process_spawn:
  case code::process_await:
  case code::process_start:
  case code::process_end:
  case code::sync_await:
  case code::fd_receive:
  case code::state_keep:
  case code::state_write:
  case code::dbus_send:
  case code::criu_start:
  case code::criu_await:
  case code::cgroup_freeze:
  case code::cgroup_kill:
  case code::cgroup_update:
  case code::console_send:
  case code::listener_open:
  case code::alt: return true;
  default: return false;
  }
}

} // namespace

bool run_program(Context &context, ProgramName name) {
  Program program;
  if (!context.plan.find(name, program)) return true;
  HostHandler handler(context);
  bool first = true;
  for (const OpRecord &op : program) {
    // SIGTERM and the like: nothing new is begun.
    // An update may have thousands of others.
    bool asks = first || is_turning_point(op.code) || op.index % 64 == 0;
    first = false;
    if (asks && context.signals != nullptr && context.signals->pending_stop() != 0) {
      context.failure.program = name;
      context.failure.index = op.index;
      context.failure.err = EINTR;
      return false;
    }
    // What an alternative has left of its first try.
    context.failure.detail.clear();
    Outcome outcome = run_host(op, handler);
    if (outcome.ok()) {
      stamp(context, name, op);
      continue;
    }
    PlanFailure &failure = context.failure;
    if (!failure.reported) {
      failure.program = name;
      failure.index = op.index;
      failure.step = outcome.step;
      failure.err = outcome.err;
    }
    return false;
  }
  return true;
}

bool failed_in_hook(const Context &context) {
  Program program;
  if (!context.plan.find(context.failure.program, program)) return false;
  for (const OpRecord &op : program) {
    if (op.index == context.failure.index) return op.code == code::hook_run;
  }
  return false;
}

void run_kind(Context &context, ProgramName name, uint16_t kind) {
  Program program;
  if (!context.plan.find(name, program)) return;
  HostHandler handler(context);
  for (const OpRecord &op : program) {
    Reader reader(op.body);
    Alt alt;
    bool first = op.code == code::alt && read(reader, alt) && alt.try_.code == kind;
    if (op.code == kind || first) run_host(op, handler);
  }
}

HoleValues hole_values(const Context &context) {
  HoleValues values;
  values.id = context.id;
  values.exit_code = context.exit_code;
  values.process = context.init.pid;
  if (context.record != nullptr) {
    values.pid = context.record->pid;
    values.start_time = context.record->start_time;
    values.created = context.record->created;
  }
  return values;
}

} // namespace veloci

#include "launcher/notify.h"
#include "launcher/stored.h"

namespace veloci {

using namespace diagnostic;

namespace {

// Whether a poststart hook has failed, not the start of the program.
bool failed_in_hook(const Context &context) {
  Program program;
  if (context.failure.reported || !context.plan.find(ProgramName::start, program)) return false;
  for (const OpRecord &op : program) {
    if (op.index == context.failure.index) return op.code == code::hook_run;
  }
  return false;
}

} // namespace

int start_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  constexpr uint32_t patience = 10;
  if (int code = invocation.lock(patience); code != 0) return code;
  Context &context = invocation.context;
  Status status = container_status(*context.record);
  switch (status) {
  case Status::created: break;
  case Status::creating: return invocation.fail(StillCreating{.id = context.id});
  case Status::stopped: return invocation.fail(StartStopped{.id = context.id});
  case Status::running:
  case Status::paused: return invocation.fail(AlreadyRunning{.id = context.id, .status = status_name(status)});
  }
  StoredPlan stored;
  if (int code = open_stored_plan(invocation, stored); code != 0) return code;
  NotifyProxy notify;
  if (int code = notify.open(invocation); code != 0) return code;
  if (run_program(context, ProgramName::start)) return notify.await_ready(invocation);
  bool hook_failed = failed_in_hook(context);
  int code = explain_stored_failure(invocation, stored);
  // The program runs already: it is stopped, and the container destroyed (runtime.md, Lifecycle).
  if (hook_failed) {
    context.failure.reported = false;
    run_program(context, ProgramName::delete_);
  }
  return code;
}

} // namespace veloci

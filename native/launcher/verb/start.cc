#include "launcher/container/notify.h"
#include "launcher/door/stored.h"

namespace veloci {

using namespace diagnostic;

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
  context.signals = &invocation.signals;
  if (run_program(context, ProgramName::start)) return notify.await_ready(invocation);
  // Of this program: a failed startContainer hook is init's, which has ended by it.
  bool hook_failed = failed_in_hook(context);
  context.signals = nullptr;
  bool stopped = context.failure.err == EINTR && !context.failure.reported && !hook_failed;
  if (stopped)
    return invocation.fail(StartInterrupted{.signal = NumberText(invocation.signals.pending_stop()), .id = context.id});
  int code = explain_stored_failure(invocation, stored);
  // The program runs already: it is stopped, and the container destroyed (runtime.md, Lifecycle).
  if (hook_failed) {
    context.failure.reported = false;
    run_program(context, ProgramName::delete_);
  }
  return code;
}

} // namespace veloci

#include "launcher/call/notify.h"
#include "launcher/door/stored.h"
#include "launcher/door/timing.h"

namespace veloci {

using namespace diagnostic;

namespace {

// What init says of its operations is about the plan that it was created with.
bool has_foreign_init(const Record &record) {
  const RecordAdded *added = record_added(record);
  return added == nullptr || memcmp(added->schema, plan_schema_hash, sizeof added->schema) != 0;
}

int explain_start(Invocation &invocation, StoredPlan &stored) {
  const PlanFailure &failure = invocation.context.failure;
  if (!failure.reported || !has_foreign_init(*invocation.context.record)) {
    return explain_stored_failure(invocation, stored);
  }
  TextOf<1024> words;
  DetailPart part;
  Str text;
  for (DetailParts parts(failure.detail.bytes()); parts.next(part, text);) {
    // The number of a cause is one of the other version's table.
    if (part == DetailPart::cause) continue;
    if (words.size() > 0) words.add(": ");
    words.add(text);
  }
  if (words.size() == 0) words.add("it says no more");
  return invocation.fail(
      StartForeign{.id = invocation.context.id, .errno_ = ErrnoText(failure.err), .detail = words.str()});
}

} // namespace

int start_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  constexpr uint32_t time_limit = 10;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
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
  context.report = context.record;
  note_moment(invocation, Phase::start);
  if (run_program(context, ProgramName::start)) {
    note_moment(invocation, Phase::started);
    return notify.await_ready(invocation);
  }
  // Of this program: a failed startContainer hook is init's, which has ended by it.
  bool hook_failed = failed_in_hook(context);
  context.signals = nullptr;
  bool stopped = context.failure.err == EINTR && !context.failure.reported && !hook_failed;
  if (stopped)
    return invocation.fail(StartInterrupted{.signal = NumberText(invocation.signals.pending_stop()), .id = context.id});
  int code = explain_start(invocation, stored);
  // The program runs already: it is stopped, and the container destroyed (runtime.md, Lifecycle).
  if (hook_failed) {
    context.failure.reported = false;
    run_program(context, ProgramName::delete_);
  }
  return code;
}

} // namespace veloci

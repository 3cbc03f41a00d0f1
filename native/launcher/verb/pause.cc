#include "executor/state/state.h"
#include "launcher/door/stored.h"

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t time_limit = 10; // seconds

// Runs pause or resume of the stored plan.
int run_stored(Invocation &invocation, ProgramName name) {
  Context &context = invocation.context;
  StoredPlan stored;
  if (int code = open_stored_plan(invocation, stored); code != 0) return code;
  Program program;
  bool empty = !context.plan.find(name, program) || !(program.begin() != program.end());
  if (empty) return invocation.fail(FreezerMissing{.id = context.id});
  if (run_program(context, name)) {
    context.undo.drop();
    return 0;
  }
  context.undo.run(context);
  return explain_stored_failure(invocation, stored);
}

} // namespace

int pause_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  if (status != Status::running && status != Status::created) {
    return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  }
  return run_stored(invocation, ProgramName::pause);
}

int resume_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status != Status::paused) return invocation.fail(NotPaused{.id = context.id, .status = status_name(status)});
  return run_stored(invocation, ProgramName::resume);
}

} // namespace veloci

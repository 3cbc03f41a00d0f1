#include "executor/state.h"
#include "executor/store.h"
#include "launcher/foreground.h"
#include "launcher/launch.h"
#include "launcher/notify.h"

namespace veloci {

using namespace diagnostic;

namespace {

// Deletes the container by its stored plan, which is the context's plan.
int remove(Invocation &invocation, const Launch &launch) {
  Context &context = invocation.context;
  context.signals = nullptr;
  if (run_program(context, ProgramName::delete_)) return 0;
  return explain_failure(invocation, launch.request, "recompile");
}

} // namespace

int stay_and_delete(Invocation &invocation, const Launch &launch, NotifyProxy *notify) {
  Context &context = invocation.context;
  // The other commands may work on the container while it runs.
  unlock_state(context);
  // From now on signals are for the container.
  int code = stay_with_init(invocation, notify);
  context.exit_code = code;
  constexpr uint32_t patience = 10000; // milliseconds
  // ENOENT: somebody else has deleted it.
  if (!invocation.arguments.on(cli::Flag::keep) && lock_state(context, patience) == 0) remove(invocation, launch);
  return code;
}

int run_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  bool detach = arguments.on(cli::Flag::detach);
  if (!detach && !arguments.on(cli::Flag::no_subreaper)) become_subreaper();
  Launch launch;
  launch.starts = true;
  if (int code = launch_container(invocation, launch, "run"); code != 0) return code;
  commit_launch(invocation);
  Context &context = invocation.context;
  const char *what = nullptr;
  if (!use_plan(context, launch.response.stored.value, &what)) {
    context.undo.run(context);
    return invocation.fail(PlanInvalid{.what = Str::of(what)});
  }
  NotifyProxy notify;
  if (int code = notify.open(invocation); code != 0 || !run_program(context, ProgramName::start)) {
    if (code == 0) code = explain_failure(invocation, launch.request, "recompile");
    PlanFailure &failure = context.failure;
    failure.reported = false;
    run_program(context, ProgramName::delete_);
    return code;
  }
  return detach ? notify.await_ready(invocation) : stay_and_delete(invocation, launch, &notify);
}

} // namespace veloci

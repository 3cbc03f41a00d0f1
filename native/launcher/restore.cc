#include "executor/store.h"
#include "launcher/foreground.h"
#include "launcher/launch.h"

namespace veloci {

using namespace diagnostic;

int restore_command(Invocation &invocation) {
  bool detach = invocation.arguments.on(cli::Flag::detach);
  if (!detach && !invocation.arguments.on(cli::Flag::no_subreaper)) become_subreaper();
  Launch launch;
  launch.restoring = true;
  if (int code = launch_container(invocation, launch, "restore"); code != 0) return code;
  commit_launch(invocation);
  if (detach) return 0;
  const char *what = nullptr;
  if (!use_plan(invocation.context, launch.response.stored.value, &what)) {
    return invocation.fail(PlanInvalid{.what = Str::of(what)});
  }
  return stay_and_delete(invocation, launch);
}

} // namespace veloci

#include "launcher/call/foreground.h"
#include "launcher/door/launch.h"

namespace veloci {

int restore_command(Invocation &invocation) {
  bool detach = invocation.arguments.on(cli::Flag::detach);
  if (!detach && !invocation.arguments.on(cli::Flag::no_subreaper)) become_subreaper();
  Launch launch;
  launch.restoring = true;
  if (int code = launch_container(invocation, launch, EngineVerb::restore); code != 0) return code;
  if (int code = adopt_launch(invocation, launch); code != 0) return code;
  return detach ? 0 : stay_and_delete(invocation, launch);
}

} // namespace veloci

#include "launcher/door/launch.h"

namespace veloci {

int create_command(Invocation &invocation) {
  Launch launch;
  if (int code = launch_container(invocation, launch, EngineVerb::create); code != 0) return code;
  commit_launch(invocation);
  remember_launch(invocation, launch);
  return 0;
}

} // namespace veloci

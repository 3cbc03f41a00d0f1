// timeline: when each operation of the container's last start was done.
#include "launcher/door/stored.h"
#include "launcher/door/timing.h"

namespace veloci {

using namespace diagnostic;

int timeline_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Request request;
  if (int err = restore_request(invocation, request); err != 0)
    return invocation.fail(
        PlanOutdated{.id = invocation.context.id, .what = "the kept request or config.json cannot be read"});
  request.add_flags(invocation.arguments);
  return show_timeline(invocation, request, STDOUT_FILENO);
}

} // namespace veloci

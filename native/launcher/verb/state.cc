#include "launcher/container/status.h"
#include "launcher/door/stored.h"

namespace veloci {

using namespace diagnostic;

int state_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  Status status = container_status(*context.record);
  // Its plan comes at the end of create.
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  StoredPlan stored;
  if (int code = open_stored_plan(invocation, stored); code != 0) return code;
  Pages memory;
  Str text;
  if (!status_text(context, status, StatusText::state, memory, text)) {
    return invocation.fail(StateDamaged{.id = context.id, .what = Str::of("its stored plan has no state")});
  }
  return print(invocation, text);
}

} // namespace veloci

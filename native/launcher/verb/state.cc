#include "executor/state/files.h"
#include "launcher/container/end.h"
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
  if (status != Status::stopped) return print(invocation, text);
  TextOf<128> end;
  add_end(end, *context.record);
  // Before the brace that ends the object.
  uint32_t size = text.size;
  while (size > 0 && text.data[size - 1] != '}') size--;
  if (size > 0) size--;
  while (size > 0 && text.data[size - 1] == '\n') size--;
  Buffer whole;
  if (!whole.reserve(text.size + end.size() + 1)) return print(invocation, text);
  Text out(reinterpret_cast<char *>(whole.data()), whole.capacity());
  out.add(text.data, size).add(end.str()).add(text.data + size, text.size - size);
  return print(invocation, out.str());
}

} // namespace veloci

#include "launcher/container/end.h"
#include "executor/cgroup/cgroup.h"

namespace veloci {

void add_end(Text &out, const Record &record) {
  int code = 0;
  bool known = record_has_exit(record, code);
  if (known) out.add(",\n  \"exitStatus\": ").add_signed(code);
  if (known && code == 0) return;
  EndReason reason = record_end_reason(record);
  // The cgroup remembers what nobody has seen.
  if (reason == EndReason::unknown && out_of_memory_recorded(record)) reason = EndReason::out_of_memory;
  if (reason != EndReason::unknown) out.add(",\n  \"reason\": \"").add(reason_name(reason)).add_char('"');
}

} // namespace veloci

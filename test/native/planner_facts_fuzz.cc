// The facts about cgroups from arbitrary texts of /proc/self/mountinfo and /proc/self/cgroup: the result is one JSON
// value in valid UTF-8, or the buffer is full.
#include <stdlib.h>

#include "host/cgroup_facts.h"
#include "json/scan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using veloci::Slice;
  // The first NUL separates the two files.
  char *copy = static_cast<char *>(malloc(size + 1));
  if (size != 0) memcpy(copy, data, size);
  copy[size] = '\0';
  size_t mounts = strlen(copy);
  Slice own = mounts < size ? Slice{copy + mounts + 1, copy + size} : Slice{copy, copy};

  static char buffer[2048];
  veloci::JsonWriter json(buffer, sizeof buffer);
  veloci::mounted({copy, copy + mounts}, "selinuxfs");
  {
    veloci::CgroupFactsWriter facts(json);
    veloci::write_cgroup_facts(facts, copy, mounts, own);
  }
  veloci::Str text = json.text();
  veloci::JsonScan found = veloci::json_scan({reinterpret_cast<const uint8_t *>(text.data), text.size});
  if (!found.utf8 || text.size >= sizeof buffer) abort();
  free(copy);
  return 0;
}

#include "cgroup/frozen.h"
#include "base/io.h"
#include "cgroup/cgroupfs.h"
#include <fcntl.h>

namespace veloci {

Frozen frozen_state(int cgroup) {
  // In the middle of a longer text, or at its beginning: the kernel's own words, each of its own form.
  TextOf<128> text;
  auto has = [&](const char *words, size_t size) {
    for (size_t at = 0; at + size <= text.size(); at++) {
      if (memcmp(text.data() + at, words, size) == 0) return true;
    }
    return false;
  };
  Fd file(open_below_cgroup(cgroup, "freezer.state", O_RDONLY));
  const bool v1 = file.valid();
  if (!v1 && errno == ENOENT) file.reset(open_below_cgroup(cgroup, "cgroup.events", O_RDONLY));
  if (!file.valid() || !read_small(file.get(), text)) return Frozen::unknown;
  if (has("FREEZING", 8)) return Frozen::on_its_way;
  if (has("FROZEN", 6) || has("frozen 1", 8)) return Frozen::yes;
  if (v1) return Frozen::no;
  // v2 says that it is when the last process has stopped.
  text.clear();
  file.reset(open_below_cgroup(cgroup, "cgroup.freeze", O_RDONLY));
  return file.valid() && read_small(file.get(), text) && has("1", 1) ? Frozen::on_its_way : Frozen::no;
}

} // namespace veloci

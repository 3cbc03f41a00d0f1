#include "cgroup/oom_witness.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"

#include <fcntl.h>
#include <stdlib.h>

namespace veloci {

namespace {

constexpr char file[] = "memory.events";

// The number of processes that were killed; false when the cgroup is gone.
bool read_count(const Fd &events, uint64_t &count) {
  char text[512];
  ssize_t size = events.valid() ? pread(events.get(), text, sizeof text - 1, 0) : -1;
  if (size < 0) return false;
  text[size] = '\0';
  const char *cursor = strstr(text, "oom_kill ");
  count = cursor == nullptr ? 0 : strtoull(cursor + sizeof "oom_kill", nullptr, 10);
  return true;
}

int open_slice(const RecordCgroup &cgroup, uint32_t size) {
  char path[4096];
  if (size >= sizeof path) return -1;
  memcpy(path, cgroup.path.data, size);
  path[size] = '\0';
  Fd slice(open_cgroup(cgroup.mount.c_str(), path, O_PATH | O_DIRECTORY));
  return slice.valid() ? open_below_cgroup(slice.get(), file, O_RDONLY) : -1;
}

} // namespace

bool OomWitness::look(const Record &record) {
  if (killed_) return true;
  RecordCgroup cgroup;
  uint32_t size = 0;
  if (!record_has_slice(record, cgroup, size)) return false;
  if (!above_.valid()) above_.reset(open_slice(cgroup, size));
  if (!above_.valid()) return false;
  uint64_t above = count_above_, own = 0;
  // Before our own: what happens in between is seen by the next look.
  read_count(above_, above);
  if (!watching_) count_above_ = above;
  watching_ = true;
  if (!own_.valid()) {
    Fd directory(open_own_cgroup(cgroup, O_PATH | O_DIRECTORY));
    if (directory.valid()) own_.reset(open_below_cgroup(directory.get(), file, O_RDONLY));
  }
  if (read_count(own_, own)) {
    killed_ = own > 0;
    count_above_ = above;
  } else {
    own_.reset();
    if (read_count(above_, above)) killed_ = above > count_above_;
  }
  return killed_;
}

} // namespace veloci

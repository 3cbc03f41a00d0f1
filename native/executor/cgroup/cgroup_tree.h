// Walking a cgroup and those below it.
#pragma once
#include "cgroup/cgroupfs.h"
#include "base/io.h"
#include "executor/directory.h"
#include "executor/state/files.h"
#include <sys/stat.h>

namespace veloci {

constexpr unsigned cgroup_tree_depth = 32;
constexpr size_t cgroup_procs_max = 16 << 20;

// Calls visit(int pid) for every process of a cgroup and of those below (of v1's threads too: each pid once for each
// cgroup that lists it). Processes of another pid namespace, which have no number here, are passed over.
// 0 or an errno; a cgroup that goes away meanwhile counts as empty.
template <class Visit> int for_each_process(int cgroup, Visit visit, unsigned depth = 0) {
  if (depth > cgroup_tree_depth) return ELOOP;
  Fd file(open_below_cgroup(cgroup, "cgroup.procs", O_RDONLY));
  Buffer memory;
  int err = file.valid() ? read_all(file.get(), cgroup_procs_max, memory) : errno;
  // A v2 cgroup of the threaded kind has no processes of its own.
  if (err != 0 && err != EOPNOTSUPP && err != ENOENT && err != ENODEV) return err;
  int pid = 0;
  for (const uint8_t *at = memory.data(), *end = at + memory.size(); at < end; at++) {
    if (*at != '\n') {
      pid = pid * 10 + (*at - '0');
      continue;
    }
    if (pid > 0) visit(pid);
    pid = 0;
  }
  Fd listing(open_below_cgroup(cgroup, "", O_RDONLY | O_DIRECTORY));
  if (!listing.valid()) return errno == ENOENT || errno == ENODEV ? 0 : errno;
  int failed = 0;
  err = for_each_entry(listing.get(), [&](const char *name) {
    struct stat info;
    if (failed != 0 || fstatat(listing.get(), name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode)) return;
    Fd child(open_below_cgroup(listing.get(), name, O_PATH | O_DIRECTORY));
    if (child.valid()) failed = for_each_process(child.get(), visit, depth + 1);
  });
  return failed != 0 ? failed : err;
}

} // namespace veloci

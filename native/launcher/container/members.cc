#include "launcher/container/members.h"
#include "executor/cgroup/cgroup_tree.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>
#include <stdlib.h>

namespace veloci {

namespace {

int compare(const void *first, const void *second) {
  int a = *static_cast<const int *>(first), b = *static_cast<const int *>(second);
  return a < b ? -1 : a > b;
}

} // namespace

int Members::add(int pid) {
  if (!memory_.add(&pid, sizeof pid)) return errno;
  count_++;
  return 0;
}

int Members::collect(const Record &record, bool alive) {
  RecordCgroups groups(record);
  RecordCgroup own;
  // One hierarchy is enough: the container is in all of them. The record has that of v2 last.
  int err = ENOENT;
  while (groups.next(own)) {
    Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
    if (!cgroup.valid()) continue;
    int failed = 0;
    err = for_each_process(cgroup.get(), [&](int pid) {
      if (failed == 0 && pid > 0) failed = add(pid);
    });
    if (err == 0) err = failed;
    // Half a list is none.
    if (err != 0) return err;
    if (count_ > 0) break;
  }
  // Without cgroups of its own.
  if (count_ == 0 && alive) err = add(record.pid);
  if (err == ENOENT && !alive) err = 0;
  if (count_ == 0) return err;
  auto *pids = reinterpret_cast<int *>(memory_.data());
  qsort(pids, count_, sizeof(int), compare);
  uint32_t kept = 1;
  for (uint32_t i = 1; i < count_; i++) {
    if (pids[i] != pids[kept - 1]) pids[kept++] = pids[i];
  }
  count_ = kept;
  return 0;
}

bool Members::has(int pid) const {
  return count_ > 0 && bsearch(&pid, pids(), count_, sizeof(int), compare) != nullptr;
}

} // namespace veloci

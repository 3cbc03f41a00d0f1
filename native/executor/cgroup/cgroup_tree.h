// A cgroup and all below it, however deep and broad a container has made them: walked by descriptors, without
// recursion, and with as many descriptors open for thousands of levels as for one. What is still to be seen is kept in
// memory that grows.
#pragma once
#include "base/io.h"
#include "file/files.h"
#include "wait/deadline.h"
#include <sys/stat.h>

namespace veloci {

// Links of the directory of a cgroup that has none below it.
constexpr nlink_t cgroup_links = 2;

// Where a walk is: a directory that can be read, the inodes of those above it, and how many these are.
class CgroupPlace {
public:
  // Goes to the first directory, given by any kind of descriptor. False and errno on failure.
  bool begin(int cgroup) { return enter(cgroup, ""); }
  // Goes to a directory below. False and errno on failure.
  bool down(const char *name);
  // Goes back to the one above, which must be the one that was left. False and errno on failure.
  bool up();
  int directory() const { return directory_.get(); }
  uint32_t depth() const { return depth_; }
  bool has_children() const;

private:
  bool enter(int from, const char *name);
  Fd directory_;
  struct stat info_ = {};
  Buffer above_;
  uint32_t depth_ = 0;
};

// Gives one cgroup after the other, each before those below it. One that is removed meanwhile is passed over.
class CgroupWalk {
public:
  // `cgroup` is the first; any kind of descriptor, which must live as long as the walk.
  explicit CgroupWalk(int cgroup) : top_(cgroup) {}
  // The next one, opened for reading until the next call. -1 at the end, and on failure: then error() has the errno.
  int next();
  int error() const { return error_; }

private:
  // Follows a name, with its NUL, in the list of those that are still to be seen.
  struct Waiting {
    uint32_t depth; // of the directory that it is in
    uint32_t size;
  };
  bool list_children();
  bool enter_last();

  int top_;
  CgroupPlace place_;
  Buffer waiting_; // the last one comes first
  int error_ = 0;
};

// Whether a cgroup of v2 is threaded: the processes of it and of those below can be told by their threads alone.
bool is_threaded(int cgroup);

// The numbers of one cgroup.procs, read piece by piece.
class ProcessList {
public:
  // `threaded`: that of the container's own cgroup.
  explicit ProcessList(int cgroup, bool threaded = false);
  // The next one; 0 is a process of another pid namespace, which has no number here. -1 at the end, and on failure:
  // then error() has the errno. A cgroup that is gone has none, and neither has a threaded one below one that is not,
  // which lists its processes. In a threaded one a process may come several times.
  int next();
  int error() const { return error_; }

private:
  int next_number();

  Fd file_;
  bool threaded_;
  int error_ = 0, last_ = -1;
  size_t position_ = 0, end_ = 0;
  char text_[4096];
};

// Calls visit(int pid) for every process of a cgroup and of those below (of v1's threads and of threaded ones too: each
// pid once for each cgroup that lists it). 0 or an errno.
template <class Visit> int for_each_process(int cgroup, Visit visit) {
  CgroupWalk walk(cgroup);
  const bool threaded = is_threaded(cgroup);
  for (int offset = walk.next(); offset >= 0; offset = walk.next()) {
    ProcessList list(offset, threaded);
    for (int pid = list.next(); pid >= 0; pid = list.next()) visit(pid);
    if (list.error() != 0) return list.error();
  }
  return walk.error();
}

// Removes the cgroups below one, deepest first. 0; EBUSY when there are processes in one; ETIMEDOUT when others make
// new ones until the time is over; or another errno.
int remove_below(int cgroup, const Deadline &deadline);

} // namespace veloci

// Removing a container's cgroups, and those above them that were made for containers.
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/cgroup.h"
#include "executor/cgroup/cgroup_tree.h"
#include "executor/cgroup/delegation.h"
#include "base/directory.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace veloci {

namespace {

bool is_busy(int err) { return err == EBUSY || err == ENOTEMPTY; }

// The path above another; empty = the hierarchy's root. `name` is its last component.
Str above_of(Str path, Str &name) {
  uint32_t slash = path.size;
  while (slash > 0 && path.data[slash - 1] != '/') slash--;
  name = {path.data + slash, path.size - slash};
  return {path.data, slash > 0 ? slash - 1 : 0};
}

// Opens the directory above a cgroup; `name` is its last component. -1 and errno on failure.
int open_parent(Str mount, Str path, Str &name, bool *v2 = nullptr) {
  TextOf<4096> above;
  above.add(above_of(path, name));
  if (!above.complete() || name.empty() || name == Str::of("..") || name == Str::of(".")) {
    // Never the hierarchy's root.
    errno = EINVAL;
    return -1;
  }
  Fd root(open_cgroup_root(mount.c_str(), v2));
  if (!root.valid() || above.size() == 0) return root.release();
  return open_below_cgroup(root.get(), above.c_str(), O_RDONLY | O_DIRECTORY);
}

// Nothing has to be opened to see that there is no such cgroup: a kernel may lack the call for it.
bool is_missing(int parent, const char *name) {
  struct stat info;
  return fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

// A create that died may have been just making it: then it is without processes, and nothing more than that is done to
// it. Another create that is just making one of the same path has locked it.
int remove_in_work(int parent, const char *name) {
  if (is_missing(parent, name)) return 0;
  Fd cgroup(open_below_cgroup(parent, name, O_RDONLY | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  if (flock(cgroup.get(), LOCK_EX | LOCK_NB) == 0 && has_created_mark(cgroup.get()))
    unlinkat(parent, name, AT_REMOVEDIR);
  return 0;
}

// Where a cgroup is: the directory above it, and its name there.
struct Place {
  Fd parent;
  TextOf<256> name;
};

// Finds the place by the path, or, when that leads elsewhere, by the inode. ENOENT when it is gone, another errno when
// that is not known.
int find_place(const RecordCgroup &own, Fd &parent_by_path, Str name, Place &place, bool &moved) {
  struct stat info;
  place.name.clear();
  moved = false;
  if (parent_by_path.valid()) {
    bool there = fstatat(parent_by_path.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) return errno;
    if (there && info.st_ino == own.inode) {
      place.name.add(name);
      return 0;
    }
  }
  Fd cgroup(open_cgroup_by_inode(own.mount, own.inode, O_RDONLY | O_DIRECTORY));
  if (!cgroup.valid()) return is_gone(errno) || is_blind(errno) ? ENOENT : errno;
  moved = true;
  place.parent.reset(openat(cgroup.get(), "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place.parent.valid()) return errno;
  int err = for_each_dirent(place.parent.get(), [&](const DirectoryEntry &entry) {
    if (entry.inode == own.inode && place.name.size() == 0) place.name.add(entry.name);
  });
  return err == 0 && place.name.size() == 0 ? ENOENT : err;
}

// The inode of one whose record has none: 0 or an errno.
int find_inode(const RecordCgroup &own, uint64_t &inode) {
  Fd cgroup(open_own_cgroup(own, O_RDONLY | O_DIRECTORY));
  struct stat info;
  inode = cgroup_unseen;
  if (!cgroup.valid()) return is_gone(errno) ? 0 : errno;
  if (fstat(cgroup.get(), &info) != 0) return errno;
  inode = info.st_ino;
  return 0;
}

// Whether a cgroup was made for containers, and has no other below it.
bool is_leftover(int cgroup) {
  struct stat info;
  return fstat(cgroup, &info) == 0 && info.st_nlink == cgroup_links && has_created_mark(cgroup);
}

int remove_one(int parent, const char *name, const Deadline &deadline) {
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  if (!is_busy(errno)) return errno;
  Fd cgroup(open_below_cgroup(parent, name, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT ? 0 : errno;
  if (int err = remove_below(cgroup.get(), deadline); err != 0) return err;
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

// Removes the empty cgroups above a path that were made for containers. In use they stay, for whoever comes last.
// `opened` is the directory right above, or nothing.
void remove_above(Str mount, Str path, CgroupParent &&opened) {
  Fd cgroup(static_cast<Fd &&>(opened.directory));
  Str name;
  for (path = above_of(path, name); !path.empty(); path = above_of(path, name)) {
    TextOf<4096> text;
    text.add(path);
    if (!cgroup.valid()) cgroup.reset(open_cgroup(mount.c_str(), text.c_str(), O_RDONLY | O_DIRECTORY));
    if (!cgroup.valid() && errno == ENOENT) continue;
    if (!cgroup.valid() || !is_leftover(cgroup.get())) break;
    Fd parent(open_parent(mount, text.str(), name));
    if (!parent.valid() || unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0) break;
    cgroup = static_cast<Fd &&>(parent);
  }
  if (cgroup.valid() && !opened.v1) withdraw_controllers(cgroup.get());
}

} // namespace

int remove_tree(int parent, const char *name, uint32_t milliseconds) {
  return remove_one(parent, name, Deadline(milliseconds));
}

int remove_cgroup(const RecordCgroup &own, uint32_t milliseconds, CgroupParent above) {
  if (own.preexisting) return 0;
  Str name;
  Fd &parent = above.directory;
  if (parent.valid()) {
    above_of(own.path, name);
  } else {
    bool v2 = true;
    parent.reset(open_parent(own.mount, own.path, name, &v2));
    above.v1 = !v2;
  }
  if (!parent.valid()) {
    if (errno != ENOENT) return errno;
    Fd hierarchy(open_hierarchy(own.mount));
    if (!hierarchy.valid()) return own.inode == cgroup_unseen ? 0 : errno;
  }
  if (own.inode == cgroup_unrecorded) {
    RecordCgroup known = own;
    if (parent.valid() && is_missing(parent.get(), name.c_str())) return 0;
    if (int err = find_inode(own, known.inode); err != 0) return err;
    return remove_cgroup(known, milliseconds);
  }
  if (own.inode == cgroup_pending) {
    if (int err = parent.valid() ? remove_in_work(parent.get(), name.c_str()) : 0; err != 0) return err;
  } else if (own.inode != cgroup_unseen) {
    Deadline deadline(milliseconds);
    Place place;
    for (bool moved;;) {
      int err = find_place(own, parent, name, place, moved);
      if (err == ENOENT) break;
      if (err != 0) return err;
      err = remove_one((moved ? place.parent : parent).get(), place.name.c_str(), deadline);
      // Whoever has renamed it may do so again.
      if (err == 0 && !moved) break;
      if (err == 0 && deadline.over()) return ETIMEDOUT;
      // Those below go at any rate; a process that is just ending keeps one for a moment.
      if (err != 0 && (!is_busy(err) || !deadline.wait())) return err;
    }
  }
  remove_above(own.mount, own.path, static_cast<CgroupParent &&>(above));
  return 0;
}

} // namespace veloci

#include "cgroup/own_cgroup.h"

#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <sys/xattr.h>

#include "base/sys.h"
#include "cgroup/cgroupfs.h"

namespace veloci {

namespace {

constexpr const char *created_mark[] = {"trusted.veloci.made", "user.veloci.made"};
constexpr const char *used[] = {"trusted.veloci.container", "user.veloci.container"};
constexpr const char *threads[] = {"trusted.veloci.threads", "user.veloci.threads"};
constexpr const char *state[] = {"trusted.veloci.state", "user.veloci.state"};

void set_mark(int cgroup, const char *const (&names)[2], uint64_t value) {
  for (const char *name : names) {
    if (fsetxattr(cgroup, name, &value, sizeof value, 0) == 0) return;
  }
}

bool read_mark(int cgroup, const char *const (&names)[2], uint64_t &value) {
  for (const char *name : names) {
    if (fgetxattr(cgroup, name, &value, sizeof value) == sizeof value) return true;
  }
  return false;
}

// Who wrote no inodes had no marks either: one that has them is another container's.
int open_unrecorded(const RecordCgroup &cgroup) {
  Fd directory(open_cgroup(cgroup.mount.c_str(), cgroup.path.c_str(), O_RDONLY | O_DIRECTORY));
  uint64_t container;
  if (!directory.valid()) return -1;
  bool others = has_created_mark(directory.get()) || used_mark_of(directory.get(), container);
  if (!others) return directory.release();
  errno = ESTALE;
  return -1;
}

} // namespace

int open_hierarchy(Str mount) {
  int root = open_cgroup_root(mount.c_str(), nullptr);
  if (root < 0 && errno == ENOENT) errno = ENODEV;
  return root;
}

int open_cgroup_by_inode(Str mount, uint64_t inode, int flags) {
  // Of kernfs: the number of the node, which is its inode.
  struct {
    uint32_t size;
    int32_t type;
    uint64_t node;
  } handle = {sizeof handle.node, 0xfe, inode};
  Fd root(open_hierarchy(mount));
  Fd any(root.valid() ? open_below_cgroup(root.get(), "", O_RDONLY | O_DIRECTORY) : -1);
  if (!any.valid()) return -1;
  Fd cgroup(static_cast<int>(syscall(SYS_open_by_handle_at, any.get(), &handle, flags | O_CLOEXEC)));
  struct stat info;
  if (!cgroup.valid() || fstat(cgroup.get(), &info) != 0) return -1;
  if (info.st_ino == inode && S_ISDIR(info.st_mode)) return cgroup.release();
  errno = ESTALE;
  return -1;
}

int open_own_cgroup(const RecordCgroup &cgroup, int flags) { return open_own_cgroup(cgroup, flags, nullptr); }

int open_own_cgroup(const RecordCgroup &cgroup, int flags, Hierarchy *known) {
  // A damaged record may name anything: a hierarchy's root is never meant.
  bool possible =
      !cgroup.mount.empty() && cgroup.mount.data[0] == '/' && !cgroup.path.empty() && cgroup.path.data[0] != '/';
  if (!possible || cgroup.inode == cgroup_unseen) {
    errno = ENOENT;
    return -1;
  }
  if (cgroup.inode == cgroup_unrecorded) return open_unrecorded(cgroup);
  // Marks can't be read through O_PATH.
  if (cgroup.preexisting) flags = O_RDONLY | O_DIRECTORY;
  Fd opened;
  if (known == nullptr || !known->is(cgroup.mount)) {
    opened.reset(open_hierarchy(cgroup.mount));
    if (!opened.valid()) return -1;
    if (known != nullptr) known->keep(cgroup.mount, static_cast<Fd &&>(opened));
  }
  int root = opened.valid() ? opened.get() : known->root.get();
  Fd directory(open_below_cgroup(root, cgroup.path.c_str(), flags));
  struct stat info;
  bool there = directory.valid() && fstat(directory.get(), &info) == 0;
  if (!there || info.st_ino != cgroup.inode) {
    // It may have another name now.
    int err = there ? ESTALE : errno;
    directory.reset(is_gone(err) ? open_cgroup_by_inode(cgroup.mount, cgroup.inode, flags) : -1);
    if (!directory.valid()) {
      // What the path says holds only where the other look does not fail by itself.
      if (!is_gone(err) || is_gone(errno) || is_blind(errno)) errno = err;
      return -1;
    }
  }
  uint64_t container = cgroup.container;
  bool taken = cgroup.preexisting && used_mark_of(directory.get(), container) && container != cgroup.container;
  if (!taken) return directory.release();
  errno = ESTALE;
  return -1;
}

int open_own_cgroup(const Record *record, Str mount, Str path, int flags) {
  RecordCgroup own;
  if (record == nullptr) return open_cgroup(mount.c_str(), path.c_str(), flags);
  if (record_find_cgroup(*record, mount, path, own)) return open_own_cgroup(own, flags);
  if (!find_own_above(*record, mount, path, own)) return open_cgroup(mount.c_str(), path.c_str(), flags);
  Fd directory(open_own_cgroup(own, O_PATH | O_DIRECTORY));
  return directory.valid() ? open_below_cgroup(directory.get(), path.data + own.path.size + 1, flags) : -1;
}

bool find_own_above(const Record &record, Str mount, Str path, RecordCgroup &own) {
  RecordCgroups groups(record);
  while (groups.next(own)) {
    uint32_t size = own.path.size;
    if (own.mount == mount && size > 0 && size < path.size && path.data[size] == '/' &&
        memcmp(own.path.data, path.data, size) == 0)
      return true;
  }
  return false;
}

uint64_t state_mark(int directory) {
  sys::Statx info;
  if (sys::statx(directory, "", sys::at_empty_path, sys::statx_ino | sys::statx_btime, info) != 0) return 0;
  const uint64_t parts[] = {info.dev_major, info.dev_minor, info.ino, static_cast<uint64_t>(info.btime.sec),
                            info.btime.nsec};
  // FNV-1a.
  uint64_t mark = 0xcbf29ce484222325;
  for (uint64_t part : parts) {
    for (unsigned bit = 0; bit < 64; bit += 8) mark = (mark ^ (part >> bit & 0xff)) * 0x100000001b3;
  }
  return mark > shared_mark ? mark : 0;
}

void mark_created(int cgroup, uint64_t state) { set_mark(cgroup, created_mark, state > 0 ? state : shared_mark); }

bool has_created_mark(int cgroup) {
  uint64_t value;
  struct stat info;
  return read_mark(cgroup, created_mark, value) || (fstat(cgroup, &info) == 0 && (info.st_mode & S_ISVTX) != 0);
}

void mark_used(int cgroup, uint64_t container, uint64_t owner) {
  set_mark(cgroup, used, container);
  if (owner > 0) set_mark(cgroup, state, owner);
}

bool used_mark_of(int cgroup, uint64_t &container) { return read_mark(cgroup, used, container); }

void mark_threads(int cgroup) { set_mark(cgroup, threads, shared_mark); }

bool has_threads_mark(int cgroup) {
  uint64_t value;
  return read_mark(cgroup, threads, value);
}

void drop_threads_mark(int cgroup) {
  for (const char *name : threads) fremovexattr(cgroup, name);
}

uint64_t state_mark_of(int cgroup) {
  uint64_t value = 0;
  if (read_mark(cgroup, created_mark, value)) return value > shared_mark ? value : 0;
  return read_mark(cgroup, state, value) ? value : 0;
}

} // namespace veloci

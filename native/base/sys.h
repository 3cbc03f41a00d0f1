// System calls that a libc of Linux 5.10's time may lack, as thin wrappers: -1 and errno on failure.
// The numbers from 424 on are the same on every architecture.
#pragma once
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace veloci::sys {

// openat2(2) resolve flags
constexpr uint64_t resolve_no_xdev = 0x01;
constexpr uint64_t resolve_no_magiclinks = 0x02;
constexpr uint64_t resolve_no_symlinks = 0x04;
constexpr uint64_t resolve_beneath = 0x08;
constexpr uint64_t resolve_in_root = 0x10;
// Nothing but what lies below the directory: through no link, into no other mount.
constexpr uint64_t resolve_inside = resolve_beneath | resolve_no_symlinks | resolve_no_magiclinks | resolve_no_xdev;

// open_tree(2), move_mount(2), fsopen(2), fsmount(2), fsconfig(2), mount_setattr(2)
constexpr unsigned open_tree_clone = 1;
constexpr unsigned open_tree_cloexec = 02000000;
constexpr unsigned at_symlink_nofollow = 0x100;
constexpr unsigned at_empty_path = 0x1000;
constexpr unsigned at_recursive = 0x8000;
constexpr unsigned move_mount_from_empty = 0x04;
constexpr unsigned move_mount_to_empty = 0x40;
constexpr unsigned fsopen_cloexec = 1;
constexpr unsigned fsmount_cloexec = 1;
constexpr unsigned fsconfig_set_flag = 0;
constexpr unsigned fsconfig_set_string = 1;
constexpr unsigned fsconfig_create = 6;
constexpr unsigned fsconfig_reconfigure = 7;
constexpr unsigned fspick_cloexec = 1;
constexpr unsigned fspick_empty_path = 8;
constexpr uint64_t attr_rdonly = 0x01;
constexpr uint64_t attr_nosuid = 0x02;
constexpr uint64_t attr_nodev = 0x04;
constexpr uint64_t attr_noexec = 0x08;
constexpr uint64_t attr_atime = 0x70; // the access time field
constexpr uint64_t attr_noatime = 0x10;
constexpr uint64_t attr_strictatime = 0x20;
constexpr uint64_t attr_nodiratime = 0x80;
constexpr uint64_t attr_nosymfollow = 0x200000;
constexpr uint64_t attr_idmap = 0x100000;

// clone(2), clone3(2), unshare(2)
constexpr uint64_t clone_pidfd = 0x1000;
constexpr uint64_t clone_parent = 0x8000;
constexpr uint64_t clone_newtime = 0x80;
constexpr uint64_t clone_newns = 0x20000;
constexpr uint64_t clone_newuser = 0x10000000;
constexpr uint64_t clone_newpid = 0x20000000;
constexpr uint64_t clone_newnet = 0x40000000;
constexpr uint64_t clone_into_cgroup = 0x200000000;

constexpr unsigned close_range_cloexec = 4;
constexpr unsigned memfd_cloexec = 1;
constexpr unsigned memfd_allow_sealing = 2;
constexpr unsigned memfd_noexec_seal = 8;
constexpr unsigned memfd_exec = 16;
constexpr unsigned statx_basic = 0x7ff;
constexpr unsigned statx_ino = 0x100;
constexpr unsigned statx_btime = 0x800;
constexpr unsigned statx_mnt_id = 0x1000;

// statfs(2) magic numbers
constexpr uint64_t magic_proc = 0x9fa0;
constexpr uint64_t magic_nsfs = 0x6e736673;
constexpr uint64_t magic_devpts = 0x1cd1;
constexpr uint64_t magic_sysfs = 0x62656572;
constexpr uint64_t magic_cgroup = 0x27e0eb;
constexpr uint64_t magic_resctrl = 0x7655821;
constexpr uint64_t magic_cgroup2 = 0x63677270;

struct OpenHow {
  uint64_t flags, mode, resolve;
};

struct MountAttributes {
  uint64_t set, clear, propagation, userns_fd;
};

struct CloneArguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  uint64_t set_tid, set_tid_size, cgroup;
};

struct StatxTime {
  int64_t sec;
  uint32_t nsec;
  int32_t reserved;
};

// struct statx of linux/stat.h, up to what is used here.
struct Statx {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, spare0;
  uint64_t ino, size, blocks, attributes_mask;
  StatxTime atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id, spare[13];
};
static_assert(sizeof(Statx) == 256);

inline int openat2(int dir, const char *path, const OpenHow &how) {
  return static_cast<int>(syscall(437, dir, path, &how, sizeof how));
}
inline int open_tree(int dir, const char *path, unsigned flags) {
  return static_cast<int>(syscall(428, dir, path, flags));
}
// Moves the mount that `from` refers to onto the place that `to` refers to.
inline int move_mount(int from, int to) {
  unsigned flags = move_mount_from_empty | move_mount_to_empty;
  return static_cast<int>(syscall(429, from, "", to, "", flags));
}
// Since Linux 6.15: a tree with other attributes in one call.
inline int open_tree_attr(int dir, const char *path, unsigned flags, const MountAttributes &attr) {
  return static_cast<int>(syscall(467, dir, path, flags, &attr, sizeof attr));
}
inline int fsopen(const char *type, unsigned flags) { return static_cast<int>(syscall(430, type, flags)); }
inline int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
  return static_cast<int>(syscall(431, fs, command, key, value, aux));
}
inline int fsmount(int fs, unsigned flags, uint64_t attributes) {
  return static_cast<int>(syscall(432, fs, flags, static_cast<unsigned>(attributes)));
}
inline int fspick(int dir, const char *path, unsigned flags) {
  return static_cast<int>(syscall(433, dir, path, flags));
}
inline int mount_setattr(int dir, const char *path, unsigned flags, const MountAttributes &attr) {
  return static_cast<int>(syscall(442, dir, path, flags, &attr, sizeof attr));
}
// ESRCH for a process that is gone. Where its number lives on as the id of a session or of a process group, kernels
// such as Linux 6.12 say EINVAL; no other argument of ours can be invalid.
inline int pidfd_open(pid_t pid, unsigned flags) {
  long fd = syscall(434, pid, flags);
  if (fd < 0 && errno == EINVAL && pid > 0) errno = ESRCH;
  return static_cast<int>(fd);
}
// A copy of another process's descriptor, with the rights of who may trace it. Close-on-exec.
inline int pidfd_getfd(int pidfd, int fd) { return static_cast<int>(syscall(438, pidfd, fd, 0)); }
inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(syscall(424, pidfd, signal, nullptr, 0));
}
// Only without CLONE_VM: the child goes on with a copy of the caller's stack.
inline pid_t clone3(const CloneArguments &arguments, size_t size = sizeof(CloneArguments)) {
  return static_cast<pid_t>(syscall(435, &arguments, size));
}
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(436, first, last, flags));
}
inline int execveat(int dir, const char *path, char *const *argv, char *const *envp, int flags) {
  return static_cast<int>(syscall(SYS_execveat, dir, path, argv, envp, flags));
}
inline int memfd_create(const char *name, unsigned flags) {
  return static_cast<int>(syscall(SYS_memfd_create, name, flags));
}
inline int statx(int dir, const char *path, unsigned flags, unsigned mask, Statx &out) {
  return static_cast<int>(syscall(SYS_statx, dir, path, flags, mask, &out));
}
inline int faccessat2(int dir, const char *path, int mode, int flags) {
  return static_cast<int>(syscall(439, dir, path, mode, flags));
}
inline int pivot_root(const char *new_root, const char *put_old) {
  return static_cast<int>(syscall(SYS_pivot_root, new_root, put_old));
}
inline int setns(int fd, uint64_t types) { return static_cast<int>(syscall(SYS_setns, fd, static_cast<int>(types))); }
inline int unshare(uint64_t types) { return static_cast<int>(syscall(SYS_unshare, static_cast<unsigned>(types))); }

// Two numbers behind the arguments of a system call, by which a filter knows the calls that must pass (seccomp.load).
// The kernel does not look at them.
struct Pass {
  long first, second;
};
inline Pass pass = {};

// An argument of a system call.
struct Word {
  template <class T> Word(T given) : value((long)given) {}
  long value;
};

// A system call of at most four arguments, with them. One copy of it is smaller than a call with seven arguments in
// each place.
[[gnu::noinline]] inline long passing(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0) {
  return syscall(number.value, a.value, b.value, c.value, d.value, pass.first, pass.second);
}

} // namespace veloci::sys

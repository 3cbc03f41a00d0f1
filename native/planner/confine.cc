#include "planner/confine.h"
#include "base/architecture.h"

#include <errno.h>
#include <initializer_list>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace veloci {
namespace {

// Offset of the lower half of an argument, little-endian.
constexpr uint32_t arg(unsigned index) { return offsetof(seccomp_data, args) + 8 * index; }

constexpr sock_filter load(uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
constexpr sock_filter skip_if(uint32_t value, uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
}
constexpr sock_filter skip_unless(uint32_t value, uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}
constexpr sock_filter skip_if_bits(uint32_t bits, uint8_t count) {
  return BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0);
}
constexpr sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter kill = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

int install_filter(int fd) {
  uint32_t own = static_cast<uint32_t>(fd);
  const sock_filter program[] = {
      load(offsetof(seccomp_data, arch)),
      skip_if(native_architecture, 1),
      kill,
      load(offsetof(seccomp_data, nr)),
      // Reading and writing, on the one descriptor.
      skip_unless(SYS_read, 4),
      load(arg(0)),
      skip_unless(own, 1),
      allow,
      kill,
      skip_unless(SYS_writev, 4),
      load(arg(0)),
      skip_unless(own, 1),
      allow,
      kill,
      // Memory without a file (fd is -1), never executable.
      skip_unless(SYS_mmap, 6),
      load(arg(2)),
      skip_if_bits(PROT_EXEC, 3),
      load(arg(4)),
      skip_unless(UINT32_MAX, 1),
      allow,
      kill,
      skip_unless(SYS_munmap, 1),
      allow,
      skip_unless(SYS_mremap, 1),
      allow,
      skip_unless(SYS_madvise, 1),
      allow,
      skip_unless(SYS_brk, 1),
      allow,
      // Where the vDSO has no clock.
      skip_unless(SYS_clock_gettime, 1),
      allow,
      skip_unless(SYS_exit_group, 1),
      allow,
      kill,
  };
  sock_fprog filter{sizeof program / sizeof *program, const_cast<sock_filter *>(program)};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0 ? 0 : errno;
}

// Lowers a limit; a lower hard one stays.
int limit(int resource, rlim_t soft, rlim_t hard) {
  rlimit old;
  if (getrlimit(resource, &old) != 0) return errno;
  if (old.rlim_max < hard) hard = old.rlim_max;
  rlimit lower{soft < hard ? soft : hard, hard};
  return setrlimit(resource, &lower) == 0 ? 0 : errno;
}

// At the soft limit of processor time SIGXCPU ends the process, whatever the caller of the command did to it.
int allow_signal(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  if (sigaction(signal, &action, nullptr) != 0 || sigprocmask(SIG_UNBLOCK, &set, nullptr) != 0) return errno;
  return 0;
}

// What is cheap: 10 us together. An IPC namespace costs 70 us, one of mounts 25 us and a network 0.3 ms, and nothing
// here can name a queue, a path or an address. A user needs a user namespace for them. Where that is refused too, the
// filter holds.
void take_namespaces() {
  constexpr int cheap = CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (unshare(cheap) != 0 && errno == EPERM) unshare(CLONE_NEWUSER | cheap);
}

// Ids that belong to nobody, not even to `nobody`, whose processes could signal their like; `nobody` where a user
// namespace has no others. A caller without the right keeps its own.
void take_ids() {
  syscall(SYS_setgroups, 0, nullptr);
  for (uint32_t id : {0x7ffffffeu, 65534u}) {
    if (syscall(SYS_setresgid, id, id, id) == 0 && syscall(SYS_setresuid, id, id, id) == 0) return;
  }
}

// A filter of the caller's may refuse even that; then a change of ids has taken them, or there were none of use: the
// filter below lets no call through that would ask for one.
void drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  syscall(SYS_capset, &header, none);
}

// A launcher that dies takes the planner with it. A change of ids would undo this.
int die_with(pid_t launcher) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  return getppid() == launcher ? 0 : ESRCH;
}

int close_others(int fd) {
  unsigned own = static_cast<unsigned>(fd);
  if (own > 0 && syscall(SYS_close_range, 0u, own - 1, 0u) != 0) return errno;
  return syscall(SYS_close_range, own + 1, ~0u, 0u) == 0 ? 0 : errno;
}

} // namespace

int confine(int fd, pid_t launcher, size_t address_space, unsigned cpu_seconds) {
  int err = close_others(fd);
  const struct {
    int resource;
    rlim_t soft, hard;
  } limits[] = {
      {RLIMIT_AS, address_space, address_space},
      {RLIMIT_CPU, cpu_seconds, cpu_seconds + 1},
      {RLIMIT_NOFILE, 0, 0},
      {RLIMIT_CORE, 0, 0},
      {RLIMIT_FSIZE, 0, 0},
  };
  if (err == 0) err = allow_signal(SIGXCPU);
  for (const auto &entry : limits) {
    if (err == 0) err = limit(entry.resource, entry.soft, entry.hard);
  }
  take_namespaces();
  take_ids();
  drop_capabilities();
  if (err == 0) err = die_with(launcher);
  if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) err = errno;
  return err != 0 ? err : install_filter(fd);
}

} // namespace veloci

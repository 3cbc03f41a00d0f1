#include "driver/attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/types.h"
#include "planner/child.h"
#include "planner/confine.h"

namespace veloci {
namespace {

// `own` is the planner's descriptor. The result is that of syscall(2).
struct Attempt {
  const char *name;
  long (*run)(int own);
};

char byte = 'x';
iovec one_byte{&byte, 1};

// Hands a descriptor to the launcher, or takes one from it.
long message(long call, int own) {
  msghdr header{};
  header.msg_iov = &one_byte;
  header.msg_iovlen = 1;
  return syscall(call, own, &header, 0);
}

long map(int protection, int flags, int fd) { return syscall(SYS_mmap, nullptr, 4096, protection, flags, fd, 0); }

constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

// The first ones are what it may do: they show that an attempt that is allowed is seen.
constexpr Attempt attempts[] = {
    {"allowed: read own", [](int own) { return syscall(SYS_read, own, &byte, 0); }},
    {"allowed: writev own", [](int own) { return syscall(SYS_writev, own, &one_byte, 1); }},
    {"allowed: mmap", [](int) { return map(PROT_READ | PROT_WRITE, anonymous, -1); }},
    {"allowed: clock_gettime",
     [](int) {
       timespec now{};
       return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
     }},
    {"read another descriptor", [](int own) { return syscall(SYS_read, own + 1, &byte, 1); }},
    {"read standard input", [](int) { return syscall(SYS_read, 0, &byte, 1); }},
    {"writev another descriptor", [](int) { return syscall(SYS_writev, 2, &one_byte, 1); }},
    {"write", [](int own) { return syscall(SYS_write, own, &byte, 1); }},
    {"write standard error", [](int) { return syscall(SYS_write, 2, &byte, 1); }},
    {"readv", [](int own) { return syscall(SYS_readv, own, &one_byte, 1); }},
    {"pread64", [](int own) { return syscall(SYS_pread64, own, &byte, 1, 0); }},
    {"send a descriptor", [](int own) { return message(SYS_sendmsg, own); }},
    {"receive a descriptor", [](int own) { return message(SYS_recvmsg, own); }},
    {"openat", [](int) { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    {"openat2",
     [](int) {
       uint64_t how[3] = {};
       return syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof how);
     }},
    {"create a file", [](int) { return syscall(SYS_openat, AT_FDCWD, "/tmp/planner", O_WRONLY | O_CREAT, 0600); }},
    {"unlinkat", [](int) { return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/planner", 0); }},
    {"mkdirat", [](int) { return syscall(SYS_mkdirat, AT_FDCWD, "/tmp/planner", 0700); }},
    {"newfstatat",
     [](int) {
       struct stat info {};
       return syscall(SYS_newfstatat, AT_FDCWD, "/", &info, 0);
     }},
    {"getdents64", [](int own) { return syscall(SYS_getdents64, own, &byte, 1); }},
    {"chdir", [](int) { return syscall(SYS_chdir, "/"); }},
    {"chroot", [](int) { return syscall(SYS_chroot, "/"); }},
    {"mount", [](int) { return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr); }},
    {"umount2", [](int) { return syscall(SYS_umount2, "/tmp", MNT_DETACH); }},
    {"open_tree", [](int) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1); }},
    {"pivot_root", [](int) { return syscall(SYS_pivot_root, ".", "."); }},
    {"unshare", [](int) { return syscall(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", [](int own) { return syscall(SYS_setns, own, 0); }},
    {"socket", [](int) { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"socketpair",
     [](int) {
       int ends[2] = {};
       return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends);
     }},
    {"connect",
     [](int own) {
       sockaddr_un address{AF_UNIX, "/run/systemd/private"};
       return syscall(SYS_connect, own, &address, sizeof address);
     }},
    {"execve", [](int) { return syscall(SYS_execve, "/bin/sh", nullptr, nullptr); }},
    {"execveat", [](int own) { return syscall(SYS_execveat, own, "", nullptr, nullptr, AT_EMPTY_PATH); }},
    {"clone", [](int) { return syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
    {"clone3",
     [](int) {
       uint64_t arguments[8] = {};
       return syscall(SYS_clone3, arguments, sizeof arguments);
     }},
    {"kill", [](int) { return syscall(SYS_kill, getppid(), 0); }},
    {"tgkill itself", [](int) { return syscall(SYS_tgkill, 1, 1, 0); }},
    {"pidfd_open", [](int) { return syscall(SYS_pidfd_open, 1, 0); }},
    {"ptrace", [](int) { return syscall(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"process_vm_readv", [](int) { return syscall(SYS_process_vm_readv, 1, &one_byte, 1, &one_byte, 1, 0); }},
    {"map executable memory", [](int) { return map(PROT_READ | PROT_EXEC, anonymous, -1); }},
    {"map a file", [](int own) { return map(PROT_READ, MAP_PRIVATE, own); }},
    {"mprotect", [](int) { return syscall(SYS_mprotect, nullptr, 4096, PROT_READ | PROT_EXEC); }},
    {"memfd_create", [](int) { return syscall(SYS_memfd_create, "x", 0); }},
    {"shmget", [](int) { return syscall(SYS_shmget, 0, 4096, 0600); }},
    {"userfaultfd", [](int) { return syscall(SYS_userfaultfd, 0); }},
    {"io_uring_setup", [](int) { return syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"bpf", [](int) { return syscall(SYS_bpf, 0, nullptr, 0); }},
    {"perf_event_open", [](int) { return syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"keyctl", [](int) { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"setresuid", [](int) { return syscall(SYS_setresuid, 0, 0, 0); }},
    {"setgroups", [](int) { return syscall(SYS_setgroups, 0, nullptr); }},
    {"capset", [](int) { return syscall(SYS_capset, nullptr, nullptr); }},
    {"prctl", [](int) { return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"another filter", [](int) { return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr); }},
    {"raise a limit",
     [](int) {
       rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
       return syscall(SYS_prlimit64, 0, RLIMIT_AS, &limit, nullptr);
     }},
    {"sigaction", [](int) { return syscall(SYS_rt_sigaction, SIGXCPU, nullptr, nullptr, 8); }},
    {"fcntl", [](int own) { return syscall(SYS_fcntl, own, F_GETFD); }},
    {"dup", [](int own) { return syscall(SYS_dup, own); }},
    {"ioctl", [](int own) { return syscall(SYS_ioctl, own, 0x5401, nullptr); }},
    {"close_range", [](int own) { return syscall(SYS_close_range, own + 1, ~0u, 0); }},
    {"getpid", [](int) { return syscall(SYS_getpid); }},
    {"sethostname", [](int) { return syscall(SYS_sethostname, "x", 1); }},
    {"reboot", [](int) { return syscall(SYS_reboot, 0, 0, 0, nullptr); }},
    {"init_module", [](int) { return syscall(SYS_init_module, nullptr, 0, ""); }},
#if defined(__x86_64__)
    {"read by the number of x32", [](int own) { return syscall(0x40000000 | SYS_read, own, &byte, 0); }},
    {"openat by the number of x32", [](int) { return syscall(0x40000000 | SYS_openat, AT_FDCWD, "/", O_RDONLY); }},
    {"a call of 32 bits",
     [](int) {
       long result;
       // open("…"): the path does not matter.
       asm volatile("int $0x80" : "=a"(result) : "a"(5L), "b"(0L), "c"(0L), "d"(0L) : "memory");
       return result;
     }},
#endif
};

// How a confined process ends that tries it; -1 and errno when there is no process.
template <class Try> int ending(Try attempt) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  Fd ours(ends[0]), theirs(ends[1]);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    int err = confine(theirs.get(), parent, planner_address_space, planner_cpu_seconds);
    if (err != 0) _exit(255);
    long result = attempt(theirs.get());
    _exit(result == -1 ? errno : 0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child ? status : -1;
}

void print(const char *name, int status) {
  if (WIFSIGNALED(status))
    printf("%s\tsignal %d\n", name, WTERMSIG(status));
  else
    printf("%s\tstatus %d\n", name, WEXITSTATUS(status));
}

// Beyond the newest system call.
constexpr long last_number = 1023;

} // namespace

int try_attempts() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const Attempt &attempt : attempts) {
    int status = ending(attempt.run);
    if (status == -1) return 2;
    print(attempt.name, status);
  }
  for (long number = 0; number <= last_number; number++) {
    int status = ending([number](int) { return syscall(number, 0, 0, 0, 0, 0, 0); });
    if (status == -1) return 2;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) continue;
    char name[32];
    snprintf(name, sizeof name, "number %ld", number);
    print(name, status);
  }
  return 0;
}

} // namespace veloci

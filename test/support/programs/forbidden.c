// forbidden - tries system calls that no program in a sandbox may make, each in a process of its own, and prints a line
// for each: `NAME ERRNO`, `NAME allowed`, or `NAME signal NUMBER`.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

struct attempt {
  const char *name;
  long number, a, b, c, d, e;
};

static const struct attempt attempts[] = {
    {"io_uring_setup", SYS_io_uring_setup, 8, 0, 0, 0, 0},
    {"keyctl", SYS_keyctl, 1, 0, 0, 0, 0},
    {"add_key", SYS_add_key, (long)"user", (long)"a", (long)"b", 1, -3},
    {"request_key", SYS_request_key, (long)"user", (long)"a", 0, -3, 0},
    {"unshare-user", SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0},
    {"unshare-mount", SYS_unshare, CLONE_NEWNS, 0, 0, 0, 0},
#ifdef __x86_64__
    {"clone-user", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0},
    {"modify_ldt", SYS_modify_ldt, 0, 0, 0, 0, 0},
    {"iopl", SYS_iopl, 3, 0, 0, 0, 0},
    {"ioperm", SYS_ioperm, 0, 1, 1, 0, 0},
    {"x32-getpid", 0x40000000 | SYS_getpid, 0, 0, 0, 0, 0},
#endif
    {"clone3", SYS_clone3, 0, 0, 0, 0, 0},
    {"setns", SYS_setns, 0, 0, 0, 0, 0},
    {"socket-vsock", SYS_socket, 40, SOCK_STREAM, 0, 0, 0},
    {"socket-alg", SYS_socket, 38, SOCK_SEQPACKET, 0, 0, 0},
    {"socket-packet", SYS_socket, AF_PACKET, SOCK_RAW, 0, 0, 0},
    {"socket-netfilter", SYS_socket, AF_NETLINK, SOCK_RAW, 12, 0, 0},
    {"bpf", SYS_bpf, 0, 0, 0, 0, 0},
    {"perf_event_open", SYS_perf_event_open, 0, 0, -1, -1, 0},
    {"userfaultfd", SYS_userfaultfd, 0, 0, 0, 0, 0},
    {"ptrace", SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0},
    {"process_vm_readv", SYS_process_vm_readv, 1, 0, 0, 0, 0},
    {"pidfd_getfd", SYS_pidfd_getfd, -1, 0, 0, 0, 0},
    {"kcmp", SYS_kcmp, 1, 1, 0, 0, 0},
    {"personality", SYS_personality, 0x0040000, 0, 0, 0, 0},
    {"mount", SYS_mount, (long)"none", (long)"/tmp", (long)"tmpfs", 0, 0},
    {"umount2", SYS_umount2, (long)"/proc", 2, 0, 0, 0},
    {"open_tree", SYS_open_tree, AT_FDCWD, (long)"/", 1, 0, 0},
    {"fsopen", SYS_fsopen, (long)"tmpfs", 0, 0, 0, 0},
    {"pivot_root", SYS_pivot_root, (long)".", (long)".", 0, 0, 0},
    {"chroot", SYS_chroot, (long)"/", 0, 0, 0, 0},
    {"mknod-device", SYS_mknodat, AT_FDCWD, (long)"/tmp/device", S_IFCHR | 0600, 0x103, 0},
    {"init_module", SYS_init_module, 0, 0, 0, 0, 0},
    {"finit_module", SYS_finit_module, 0, 0, 0, 0, 0},
    {"kexec_load", SYS_kexec_load, 0, 0, 0, 0, 0},
    {"reboot", SYS_reboot, 0, 0, 0, 0, 0},
    {"swapon", SYS_swapon, (long)"/tmp/x", 0, 0, 0, 0},
    {"sethostname", SYS_sethostname, (long)"x", 1, 0, 0, 0},
    {"settimeofday", SYS_settimeofday, 0, 0, 0, 0, 0},
    {"adjtimex", SYS_adjtimex, 0, 0, 0, 0, 0},
    {"name_to_handle_at", SYS_name_to_handle_at, AT_FDCWD, (long)"/", 0, 0, 0},
    {"open_by_handle_at", SYS_open_by_handle_at, 0, 0, 0, 0, 0},
    {"syslog", SYS_syslog, 3, 0, 0, 0, 0},
    {"acct", SYS_acct, 0, 0, 0, 0, 0},
    {"quotactl", SYS_quotactl, 0, 0, 0, 0, 0},
    {"fanotify_init", SYS_fanotify_init, 0, 0, 0, 0, 0},
    {"io_setup", SYS_io_setup, 1, 0, 0, 0, 0},
    {"memfd_secret", SYS_memfd_secret, 0, 0, 0, 0, 0},
    {"vmsplice", SYS_vmsplice, 0, 0, 0, 0, 0},
};

#ifdef __x86_64__
// getpid as a 32-bit program calls it.
static void foreign(void) {
  long result = 20;
  __asm__ volatile("int $0x80" : "+a"(result)::"memory");
  printf("int80-getpid %s\n", result > 0 ? "allowed" : "refused");
}
#endif

static void report(const char *name, pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) printf("%s signal %d\n", name, WTERMSIG(status));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    const struct attempt *it = &attempts[i];
    pid_t child = fork();
    if (child == 0) {
      pid_t self = getpid();
      errno = 0;
      long result = syscall(it->number, it->a, it->b, it->c, it->d, it->e);
      int err = errno;
      // What was cloned ends at once.
      if (getpid() != self) _exit(0);
      if (result >= 0)
        printf("%s allowed\n", it->name);
      else
        printf("%s %d\n", it->name, err);
      fflush(stdout);
      _exit(0);
    }
    report(it->name, child);
  }
#ifdef __x86_64__
  pid_t child = fork();
  if (child == 0) {
    foreign();
    fflush(stdout);
    _exit(0);
  }
  report("int80-getpid", child);
#endif
  return 0;
}

// Runs a program under a seccomp filter that lets system calls fail:
//   fault CALL=ERRNO ... -- PROGRAM ARGS
// CALL is a name of the table below, or a name with an argument's value: `ioctl.1=0x5441` is ioctl whose argument 1 is
// that (`ioctl.1=0x5441=5` lets it fail with errno 5). Processes of the program inherit the filter.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// What a C library's functions of these names call where the kernel has no such calls.
#ifndef SYS_rename
#define SYS_rename SYS_renameat
#define SYS_dup2 SYS_dup3
#define SYS_mkdir SYS_mkdirat
#endif

#define CALL(name)                                                                                                     \
  { #name, SYS_##name }
static const struct {
  const char *name;
  long number;
} calls[] = {
    CALL(fsopen),
    CALL(fsconfig),
    CALL(fsmount),
    CALL(fspick),
    CALL(move_mount),
    CALL(open_tree),
    CALL(mount_setattr),
    {"open_tree_attr", 467}, // Linux 6.15
    CALL(openat2),
    CALL(clone3),
    CALL(clone),
    CALL(pidfd_open),
    CALL(pidfd_send_signal),
    CALL(close_range),
    CALL(faccessat2),
    CALL(pivot_root),
    CALL(unshare),
    CALL(setns),
    CALL(memfd_create),
    CALL(execveat),
    CALL(mount),
    CALL(umount2),
    CALL(chroot),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(prctl),
    CALL(capset),
    CALL(setresuid),
    CALL(setresgid),
    CALL(bpf),
    CALL(setgroups),
    CALL(keyctl),
    CALL(mknodat),
    CALL(mkdirat),
    CALL(symlinkat),
    CALL(chdir),
    CALL(fchdir),
    CALL(fchown),
    CALL(fchownat),
    CALL(setsid),
    CALL(sched_setattr),
    CALL(sched_setaffinity),
    CALL(prlimit64),
    CALL(set_mempolicy),
    CALL(personality),
    CALL(ioprio_set),
    CALL(seccomp),
    CALL(socketpair),
    CALL(signalfd4),
    CALL(pipe2),
    CALL(fcntl),
    CALL(renameat),
    CALL(linkat),
    CALL(unlinkat),
    CALL(ftruncate),
    CALL(socket),
    CALL(connect),
    CALL(sendmsg),
    CALL(recvmsg),
    CALL(sendto),
    CALL(umask),
    CALL(ioctl),
    CALL(kill),
    CALL(getdents64),
    CALL(mmap),
    CALL(waitid),
    CALL(rename),
    CALL(renameat2),
    CALL(execve),
    CALL(read),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(statx),
    CALL(newfstatat),
    CALL(write),
    CALL(fallocate),
    CALL(dup2),
    CALL(flock),
    CALL(mkdir),
};

int main(int argc, char **argv) {
  struct sock_filter code[256];
  int count = 0, at = 1;
#define ADD(...) code[count++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    char *text = strdup(argv[at]), *equals = strrchr(text, '=');
    if (equals == NULL) return fprintf(stderr, "fault: %s has no errno\n", text), 2;
    *equals = 0;
    char *dot = strchr(text, '.'), *value = dot ? strchr(dot, '=') : NULL;
    if (dot) *dot = 0;
    long number = -1;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
      if (strcmp(calls[i].name, text) == 0) number = calls[i].number;
    if (number < 0 || count > 240 || (dot && !value)) return fprintf(stderr, "fault: %s is unknown\n", text), 2;
    unsigned err = (unsigned)atoi(equals + 1);
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, dot ? 4 : 1));
    if (dot) {
      ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, args[atoi(dot + 1)])));
      ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtoul(value + 1, NULL, 0), 0, 1));
    }
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err));
    if (dot) ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  }
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  if (at + 1 >= argc) return fprintf(stderr, "usage: fault CALL=ERRNO ... -- PROGRAM ARGS\n"), 2;
  struct sock_fprog filter = {(unsigned short)count, code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0) return perror("fault: seccomp"), 2;
  execv(argv[at + 1], argv + at + 1);
  return perror("fault: execv"), 2;
}

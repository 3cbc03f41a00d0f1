// inject PID NAME [NUMBER|TEXT]... - lets another process make a system call: what a program could do by itself. The
// process has to wait in pause(2), and waits there again afterwards. x86-64 alone.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
  const char *name;
  long number;
} calls[] = {{"setuid", SYS_setuid},
             {"setgid", SYS_setgid},
             {"setgroups", SYS_setgroups},
             {"umask", SYS_umask},
             {"prctl", SYS_prctl},
             {"unshare", SYS_unshare},
             {"personality", SYS_personality},
             {"chdir", SYS_chdir},
             {"chroot", SYS_chroot},
             {"set_mempolicy", SYS_set_mempolicy},
             {"capset", SYS_capset},
             {"setpriority", SYS_setpriority}};

static int die(const char *what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  pid_t pid = atoi(argv[1]);
  long number = -1;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (strcmp(calls[i].name, argv[2]) == 0) number = calls[i].number;
  }
  if (number < 0) return 2;
  if (ptrace(PTRACE_ATTACH, pid, 0, 0) != 0) return die("attach");
  int status;
  if (waitpid(pid, &status, 0) < 0) return die("wait");
  struct user_regs_struct before, now;
  if (ptrace(PTRACE_GETREGS, pid, 0, &before) != 0) return die("read registers");
  now = before;
  now.rip -= 2; // the instruction syscall
  now.rax = (unsigned long)number;
  now.orig_rax = (unsigned long)-1;
  unsigned long long *registers[] = {&now.rdi, &now.rsi, &now.rdx, &now.r10, &now.r8, &now.r9};
  unsigned long long room = (before.rsp - 4096) & ~15ULL; // below what it uses
  for (int i = 3; i < argc && i < 9; i++) {
    char *end;
    *registers[i - 3] = strtoull(argv[i], &end, 0);
    if (*end == 0) continue;
    // A text: hex digits after "@" are bytes, anything else is itself.
    unsigned char bytes[256] = {0};
    size_t size = strlen(argv[i]) + 1;
    if (argv[i][0] == '@') {
      size = strlen(argv[i] + 1) / 2;
      for (size_t k = 0; k < size && k < sizeof bytes; k++) sscanf(argv[i] + 1 + 2 * k, "%2hhx", &bytes[k]);
    } else {
      memcpy(bytes, argv[i], size < sizeof bytes ? size : sizeof bytes - 1);
    }
    *registers[i - 3] = room;
    for (size_t k = 0; k < size && k < sizeof bytes; k += 8) {
      long word;
      memcpy(&word, bytes + k, 8);
      if (ptrace(PTRACE_POKEDATA, pid, room + k, word) != 0) return die("write");
    }
    room += 256;
  }
  if (ptrace(PTRACE_SETREGS, pid, 0, &now) != 0) return die("set registers");
  if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) != 0 || waitpid(pid, &status, 0) < 0) return die("step");
  if (ptrace(PTRACE_GETREGS, pid, 0, &now) != 0) return die("read registers");
  long result = (long)now.rax;
  before.rip -= 2;
  before.rax = SYS_pause;
  before.orig_rax = (unsigned long)-1;
  if (ptrace(PTRACE_SETREGS, pid, 0, &before) != 0) return die("restore registers");
  if (ptrace(PTRACE_DETACH, pid, 0, 0) != 0) return die("detach");
  if (result >= 0) return 0;
  errno = (int)-result;
  return die(argv[2]);
}

// Runs a program and lets one system call of it, or of a process that it has made, fail or kill its process:
//   strike record FILE -- PROGRAM ARGS        notes all calls: lines `PROCESS NUMBER`, in order
//   strike PROCESS:INDEX:ERRNO -- PROGRAM ARGS  the call with this index, from 0, fails; with `kill` its process is
//   killed
// A process is named by its way from the first one: `0.1` is the second child of the first. One that has executed
// another program than the first did (execve, not execveat) is let go. The status is the program's.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 256
#define OPTIONS                                                                                                        \
  (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

struct process {
  pid_t pid;
  char name[64];
  int children;
  long calls;
  long number; // of the call that it is in; -1 = none
  int struck;
  struct user_regs_struct before;
};

// Where the registers have a call and what it gives back. On aarch64 the number is in none of them while a call is
// entered.
#ifdef __x86_64__
#define NUMBER(registers) (registers).orig_rax
#define FIRST(registers) (registers).rdi
#define RESULT(registers) (registers).rax
#else
#define NUMBER(registers) (registers).regs[8]
#define FIRST(registers) (registers).regs[0]
#define RESULT(registers) (registers).regs[0]
#endif
#define GENERAL_REGISTERS 1 // NT_PRSTATUS
#define CALL_NUMBER 0x404   // NT_ARM_SYSTEM_CALL

static int get_registers(pid_t pid, struct user_regs_struct *registers) {
  struct iovec all = {registers, sizeof *registers};
  return ptrace(PTRACE_GETREGSET, pid, GENERAL_REGISTERS, &all) == 0;
}

static int set_registers(pid_t pid, struct user_regs_struct *registers) {
  struct iovec all = {registers, sizeof *registers};
  return ptrace(PTRACE_SETREGSET, pid, GENERAL_REGISTERS, &all) == 0;
}

static int set_number(pid_t pid, int number) {
#ifdef __x86_64__
  return (void)pid, (void)number, 1;
#else
  struct iovec it = {&number, sizeof number};
  return ptrace(PTRACE_SETREGSET, pid, CALL_NUMBER, &it) == 0;
#endif
}

static struct process processes[MOST];
static int count;
static FILE *record;
static const char *target = "";
static long target_index = -1, target_error;

static struct process *find(pid_t pid) {
  for (int i = 0; i < count; i++)
    if (processes[i].pid == pid) return &processes[i];
  return NULL;
}

static struct process *add(pid_t pid, struct process *parent) {
  if (count == MOST) exit((fprintf(stderr, "strike: too many processes\n"), 125));
  struct process *made = &processes[count++];
  memset(made, 0, sizeof *made);
  made->pid = pid;
  made->number = -1;
  if (parent == NULL)
    strcpy(made->name, "0");
  else
    snprintf(made->name, sizeof made->name, "%.48s.%d", parent->name, parent->children++);
  return made;
}

static void enter(struct process *p, long number) {
  p->number = number;
  long index = p->calls++;
  if (record != NULL) fprintf(record, "%s %ld\n", p->name, number);
  if (index != target_index || strcmp(p->name, target) != 0) return;
  if (target_error == 0) {
    kill(p->pid, SIGKILL);
    return;
  }
  if (!get_registers(p->pid, &p->before)) return;
  // One that fails has closed its descriptor all the same.
  if (number == SYS_close) {
    p->struck = 1;
    return;
  }
  // A read from nowhere does nothing, and every filter lets it pass.
  struct user_regs_struct changed = p->before;
  NUMBER(changed) = SYS_read;
  FIRST(changed) = (unsigned long long)-1;
  p->struck = set_registers(p->pid, &changed) && set_number(p->pid, SYS_read);
}

static void leave(struct process *p) {
  p->number = -1;
  if (!p->struck) return;
  p->struck = 0;
  RESULT(p->before) = (unsigned long long)-target_error;
  set_registers(p->pid, &p->before);
}

static void on_call(struct process *p) {
  // As <linux/ptrace.h> has it, which does not go with <sys/ptrace.h>.
  struct {
    unsigned char op, pad[3];
    unsigned arch;
    unsigned long long instruction, stack, number, arguments[8];
  } info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) <= 0) return;
  if (info.op == 1) enter(p, (long)info.number);
  if (info.op == 2) leave(p);
}

// What a stop of a process asks for: goes on with it, or lets it go.
static void on_stop(pid_t pid, int status, int *begun) {
  struct process *p = find(pid);
  const int event = status >> 16, signal = WSTOPSIG(status);
  if (signal == (SIGTRAP | 0x80)) {
    if (*begun) on_call(p);
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
  } else if (event == PTRACE_EVENT_STOP) {
    ptrace(signal == SIGTRAP ? PTRACE_SYSCALL : PTRACE_LISTEN, pid, 0, 0);
  } else if (event == PTRACE_EVENT_EXEC) {
    if (pid == processes[0].pid) *begun = 1;
    const int other = p != &processes[0] && p->number == SYS_execve;
    ptrace(other ? PTRACE_DETACH : PTRACE_SYSCALL, pid, 0, 0);
  } else if (event != 0) {
    unsigned long made = 0;
    if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &made) == 0 && find((pid_t)made) == NULL) add((pid_t)made, p);
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
  } else {
    ptrace(PTRACE_SYSCALL, pid, 0, signal);
  }
}

static int usage(void) {
  return fprintf(stderr, "usage: strike record FILE -- PROGRAM ARGS, or strike PROCESS:INDEX:ERRNO -- PROGRAM ARGS\n"),
         125;
}

int main(int argc, char **argv) {
  int at = 2;
  if (argc < 4) return usage();
  if (strcmp(argv[1], "record") == 0) {
    record = fopen(argv[2], "we");
    if (record == NULL) return perror("strike"), 125;
    at = 3;
  } else {
    char *text = strdup(argv[1]), *colon = strchr(text, ':'), *last = strrchr(text, ':');
    if (colon == NULL || last == colon) return usage();
    *colon = *last = 0;
    target = text;
    target_index = atol(colon + 1);
    target_error = atol(last + 1);
  }
  if (at + 1 >= argc || strcmp(argv[at], "--") != 0) return usage();
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    execv(argv[at + 1], argv + at + 1);
    _exit(125);
  }
  int status;
  if (child < 0 || waitpid(child, &status, WUNTRACED) != child) return perror("strike"), 125;
  if (ptrace(PTRACE_SEIZE, child, 0, OPTIONS) != 0) return perror("strike: ptrace"), 125;
  add(child, NULL);
  kill(child, SIGCONT);
  // Stops of children that come before their parents have told of them.
  struct {
    pid_t pid;
    int status;
  } early[MOST];
  int waiting = 0, begun = 0;
  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0) return perror("strike: wait"), 125;
    if (!WIFSTOPPED(status)) {
      struct process *gone = find(pid);
      if (gone != NULL) gone->pid = 0;
      if (pid != child) continue;
      if (record != NULL) fclose(record);
      if (WIFEXITED(status)) return WEXITSTATUS(status);
      const struct rlimit none = {0, 0};
      setrlimit(RLIMIT_CORE, &none);
      signal(WTERMSIG(status), SIG_DFL);
      raise(WTERMSIG(status));
      return 128 + WTERMSIG(status);
    }
    if (find(pid) == NULL && waiting < MOST) {
      early[waiting].pid = pid;
      early[waiting++].status = status;
      continue;
    }
    on_stop(pid, status, &begun);
    for (int i = 0; i < waiting; i++) {
      if (find(early[i].pid) == NULL) continue;
      on_stop(early[i].pid, early[i].status, &begun);
      early[i--] = early[--waiting];
    }
  }
}

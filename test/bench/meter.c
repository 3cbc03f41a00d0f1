// meter ERRORS - measures commands from a small process, because a large parent flattens ratios. Reads
// jobs from stdin, one a line, fields separated by tabs; answers each with one line. Programs get
// /dev/null as stdin and stdout, and the file ERRORS as stderr. Jobs:
//   run PIDFILE CMD ARG...   vfork, exec, wait4: "WALL_NS CPU_NS MAXRSS_KB STATUS PID"; when PIDFILE is not
//                            "-", PID is read from it, and the CPU time of that process so far is added
//   many N CMD ARG...        N of them at once: the same line, wall time until the last one has left
//   reap PID                 waits for an orphan (the meter is a subreaper): "0 CPU_NS MAXRSS_KB STATUS PID"
//   spin                     starts a process that keeps one core busy until the meter leaves
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static int null_fd, error_fd;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long cpu(const struct rusage *usage) {
  return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000LL +
         (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000LL;
}

static pid_t spawn(char **argv) {
  pid_t pid = vfork();
  if (pid == 0) {
    dup2(null_fd, 0);
    dup2(null_fd, 1);
    dup2(error_fd, 2);
    execve(argv[0], argv, environ);
    _exit(127);
  }
  return pid;
}

static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// CPU time in ns of a process that runs, from its schedstat.
static long long cpu_so_far(int pid) {
  char path[64];
  long long time = 0;
  snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
  FILE *file = fopen(path, "re");
  if (!file || fscanf(file, "%lld", &time) != 1) time = 0;
  if (file) fclose(file);
  return time;
}

static int read_pid(const char *path) {
  int pid = 0;
  FILE *file = fopen(path, "re");
  if (!file || fscanf(file, "%d", &pid) != 1) pid = 0;
  if (file) fclose(file);
  return pid;
}

static void answer(long long wall, const struct rusage *usage, long long more, int status, int pid) {
  printf("%lld %lld %ld %d %d\n", wall, cpu(usage) + more, usage->ru_maxrss, exit_code(status), pid);
  fflush(stdout);
}

static void run(char *pid_file, char **argv) {
  struct rusage usage;
  int status = 0;
  if (*pid_file != '-') unlink(pid_file);
  long long begin = now();
  pid_t child = spawn(argv);
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) continue;
  long long wall = now() - begin;
  int pid = *pid_file == '-' ? child : read_pid(pid_file);
  answer(wall, &usage, pid != child ? cpu_so_far(pid) : 0, status, pid);
}

static void many(int count, char **argv) {
  struct rusage usage, sum = {0};
  int status, worst = 0;
  long long more = 0, begin = now();
  pid_t *children = calloc(count, sizeof *children);
  for (int i = 0; i < count; i++) children[i] = spawn(argv);
  for (int i = 0; i < count; i++) {
    while (wait4(children[i], &status, 0, &usage) < 0 && errno == EINTR) continue;
    if (status) worst = status;
    more += cpu(&usage);
    if (usage.ru_maxrss > sum.ru_maxrss) sum.ru_maxrss = usage.ru_maxrss;
  }
  answer(now() - begin, &sum, more, worst, 0);
  free(children);
}

static void spin(void) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (volatile unsigned long i = 0;; i++) continue;
  }
  printf("0 0 0 0 %d\n", pid);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static char line[65536], *fields[1024];
  if (argc != 2) {
    fprintf(stderr, "usage: meter ERRORS\n");
    return 1;
  }
  null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  error_fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    int n = 0;
    for (char *next = line; next && n < 1023;) fields[n++] = strsep(&next, "\t");
    fields[n] = NULL;
    if (!strcmp(fields[0], "run") && n > 2)
      run(fields[1], fields + 2);
    else if (!strcmp(fields[0], "many") && n > 2)
      many(atoi(fields[1]), fields + 2);
    else if (!strcmp(fields[0], "reap") && n > 1) {
      struct rusage usage = {0};
      int status = 0, pid = atoi(fields[1]);
      waitpid(pid, &status, 0);
      answer(0, &usage, 0, status, pid);
    } else if (!strcmp(fields[0], "spin"))
      spin();
    else
      return 1;
  }
  return 0;
}

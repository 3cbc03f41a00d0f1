// probe - the payload of most tests: prints facts about its own process as one JSON object.
// Verbs: (none) the facts; exit N; die SIGNAL; syscall NR [ARG...] prints "RESULT ERRNO";
// pause waits for ever and leaves on SIGTERM with 143; stall writes N MiB to stdout;
// child N forks N sleeping children and waits; x32 NR and i386 NR make a system call of that architecture;
// lock FILE makes the file, takes a lock of it and pauses;
// plant NAME makes a session keyring of this name for everybody, with the key "planted", and pauses; planted prints
// that key or -1; thread pauses in a second thread, and ends the first one; notify TEXT... sends each text as a
// datagram to $NOTIFY_SOCKET, then pauses.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

static void string(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 32)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  }
  putchar('"');
}

static void strings(const char *key, char **list) {
  printf(",\"%s\":[", key);
  for (int i = 0; list[i]; i++) {
    if (i) putchar(',');
    string(list[i]);
  }
  putchar(']');
}

// The lines of a file as an array of strings; an empty array when it cannot be read.
static void lines(const char *key, const char *path) {
  static char line[65536];
  FILE *file = fopen(path, "re");
  printf(",\"%s\":[", key);
  for (int n = 0; file && fgets(line, sizeof line, file); n++) {
    line[strcspn(line, "\n")] = 0;
    if (n) putchar(',');
    string(line);
  }
  putchar(']');
  if (file) fclose(file);
}

static void ids(void) {
  uid_t r, e, s;
  gid_t groups[1024];
  getresuid(&r, &e, &s);
  printf(",\"uid\":[%u,%u,%u]", r, e, s);
  getresgid(&r, &e, &s);
  printf(",\"gid\":[%u,%u,%u],\"groups\":[", r, e, s);
  int n = getgroups(1024, groups);
  for (int i = 0; i < n; i++) printf("%s%u", i ? "," : "", groups[i]);
  mode_t mask = umask(0);
  umask(mask);
  printf("],\"umask\":%u", mask);
}

static void limits(void) {
  static const char *names[] = {"CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
                                "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
  printf(",\"rlimits\":{");
  for (int i = 0; i < 16; i++) {
    struct rlimit limit;
    getrlimit(i, &limit);
    printf("%s\"RLIMIT_%s\":[\"%llu\",\"%llu\"]", i ? "," : "", names[i], (unsigned long long)limit.rlim_cur,
           (unsigned long long)limit.rlim_max);
  }
  putchar('}');
}

static void links(const char *key, const char *dir) {
  DIR *open_dir = opendir(dir);
  printf(",\"%s\":{", key);
  int n = 0;
  for (struct dirent *entry; open_dir && (entry = readdir(open_dir));) {
    char path[PATH_MAX], target[PATH_MAX];
    if (entry->d_name[0] == '.') continue;
    if (strcmp(dir, "/proc/self/fd") == 0 && atoi(entry->d_name) == dirfd(open_dir)) continue;
    snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    if (n++) putchar(',');
    string(entry->d_name);
    putchar(':');
    string(target);
  }
  putchar('}');
  if (open_dir) closedir(open_dir);
}

static void status(void) {
  static const char *wanted[] = {"CapInh",     "CapPrm",  "CapEff", "CapBnd", "CapAmb",
                                 "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn", "Threads"};
  char line[4096];
  FILE *file = fopen("/proc/self/status", "re");
  printf(",\"status\":{");
  int n = 0;
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (!colon) continue;
    *colon = 0;
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      if (strcmp(line, wanted[i])) continue;
      char *value = colon + 1 + strspn(colon + 1, " \t");
      value[strcspn(value, "\n")] = 0;
      printf("%s\"%s\":\"%s\"", n++ ? "," : "", line, value);
    }
  }
  putchar('}');
  if (file) fclose(file);
}

static void terminal(void) {
  struct winsize size = {0};
  printf(",\"tty\":[%d,%d,%d]", isatty(0), isatty(1), isatty(2));
  ioctl(0, TIOCGWINSZ, &size);
  struct stat console = {0};
  stat("/dev/console", &console);
  printf(",\"rows\":%u,\"columns\":%u,\"sid\":%d,\"pgid\":%d,\"console\":\"%c %u:%u\"", size.ws_row, size.ws_col,
         getsid(0), getpgid(0), S_ISCHR(console.st_mode) ? 'c' : '-', (unsigned)(console.st_rdev >> 8),
         (unsigned)(console.st_rdev & 255));
}

// Scheduling, I/O priority, processors and memory policy.
static void scheduling(void) {
  struct {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
    unsigned util[2];
  } sched = {0};
  syscall(SYS_sched_getattr, 0, &sched, sizeof sched, 0);
  printf(",\"sched\":{\"policy\":%u,\"flags\":%llu,\"nice\":%d,\"priority\":%u,\"runtime\":%llu,\"deadline\":%llu,"
         "\"period\":%llu}",
         sched.policy, sched.flags, sched.nice, sched.priority, sched.runtime, sched.deadline, sched.period);
  long io = syscall(SYS_ioprio_get, 1, 0);
  printf(",\"ioprio\":[%ld,%ld],\"cpus\":[", io >> 13 & 7, io & 7);
  unsigned char mask[8192] = {0};
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  for (long i = 0, n = 0; i < size * 8; i++)
    if (mask[i / 8] >> i % 8 & 1) printf("%s%ld", n++ ? "," : "", i);
  int mode = -1;
  unsigned long nodes[64] = {0};
  syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, 0, 0);
  printf("],\"mempolicy\":[%d,%lu]", mode, nodes[0]);
}

static void facts(int argc, char **argv) {
  struct utsname uts;
  char cwd[PATH_MAX] = "";
  uname(&uts);
  long length = syscall(SYS_getcwd, cwd, sizeof cwd);
  printf("{\"pid\":%d,\"ppid\":%d,\"argc\":%d", getpid(), getppid(), argc);
  printf(",\"cwd\":");
  string(length < 0 ? strerror(errno) : cwd);
  printf(",\"hostname\":");
  string(uts.nodename);
  printf(",\"domainname\":");
  string(uts.domainname);
  printf(",\"release\":");
  string(uts.release);
  printf(",\"personality\":%d", personality(0xffffffff));
  printf(",\"dumpable\":%d", prctl(PR_GET_DUMPABLE));
  printf(",\"keyring\":%ld", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  strings("args", argv);
  strings("env", environ);
  ids();
  limits();
  status();
  links("fds", "/proc/self/fd");
  links("ns", "/proc/self/ns");
  terminal();
  scheduling();
  lines("oom", "/proc/self/oom_score_adj");
  lines("cgroup", "/proc/self/cgroup");
  lines("mounts", "/proc/self/mountinfo");
  puts("}");
}

static void leave(int signal) { _exit(128 + signal); }

static void *pause_always(void *unused) {
  for (;;) pause();
  return unused;
}

static void plant(const char *name) {
  const unsigned everybody = 0x3f3f3f3f;
  long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
  long key = syscall(SYS_add_key, "user", "planted", "text", 4, ring);
  syscall(SYS_keyctl, KEYCTL_SETPERM, ring, everybody);
  syscall(SYS_keyctl, KEYCTL_SETPERM, key, everybody);
  printf("%ld\n", ring);
  fflush(stdout);
  for (;;) pause();
}

static int notify(char **texts) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = getenv("NOTIFY_SOCKET");
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (!path || strlen(path) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, path);
  for (; *texts; texts++) {
    if (sendto(fd, *texts, strlen(*texts), 0, (struct sockaddr *)&address, sizeof address) < 0) return 3;
  }
  signal(SIGTERM, leave);
  for (;;) pause();
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  long value = argc > 2 ? strtol(argv[2], NULL, 0) : 0;
  if (!strcmp(verb, "exit")) return value;
  if (!strcmp(verb, "die")) {
    signal(value, SIG_DFL);
    kill(getpid(), value);
    pause();
  }
  if (!strcmp(verb, "pause")) {
    signal(SIGTERM, leave);
    signal(SIGUSR1, leave);
    for (;;) pause();
  }
  if (!strcmp(verb, "lock") && argc > 2) {
    if (flock(open(argv[2], O_RDWR | O_CREAT, 0600), LOCK_EX) < 0) return 1;
    for (;;) pause();
  }
  if (!strcmp(verb, "plant") && argc > 2) plant(argv[2]);
  if (!strcmp(verb, "planted")) {
    printf("%ld\n", syscall(SYS_request_key, "user", "planted", NULL, 0));
    return 0;
  }
  if (!strcmp(verb, "thread")) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, pause_always, NULL) != 0) return 1;
    syscall(SYS_exit, 0);
  }
  if (!strcmp(verb, "notify")) return notify(argv + 2);
  if (!strcmp(verb, "child")) {
    for (long i = 0; i < value; i++)
      if (fork() == 0)
        for (;;) pause();
    for (;;) pause();
  }
  if (!strcmp(verb, "stall")) {
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (long i = 0; i < value; i++)
      for (size_t done = 0; done < sizeof block;) {
        ssize_t n = write(1, block + done, sizeof block - done);
        if (n < 0) return 1;
        done += n;
      }
    return 0;
  }
  if (!strcmp(verb, "syscall")) {
    long args[6] = {0};
    for (int i = 3; i < argc && i < 9; i++) args[i - 3] = strtol(argv[i], NULL, 0);
    errno = 0;
    long result = syscall(value, args[0], args[1], args[2], args[3], args[4], args[5]);
    printf("%ld %d\n", result, result < 0 ? errno : 0);
    return 0;
  }
#ifdef __x86_64__
  if (!strcmp(verb, "x32")) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(value | 0x40000000L) : "rcx", "r11", "memory");
    printf("%ld\n", result);
    return 0;
  }
  if (!strcmp(verb, "i386")) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(value) : "r8", "r9", "r10", "r11", "memory");
    printf("%d\n", (int)result);
    return 0;
  }
#endif
  facts(argc, argv);
  return 0;
}

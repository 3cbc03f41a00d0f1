// A process of a container that waits for new processes to appear in /proc and looks at each, from its first instant,
// for a way to the host: hunter SECRET HOST-ENVIRONMENT TYPE:INODE... SECRET is a file of the host, HOST-ENVIRONMENT a
// text of the environment of whoever calls the runtime; the rest are the namespaces of the host. Prints a line `found
// WHAT PID DETAIL` for each way, and `looked PIDS LOOKS HELD` at the end (SIGTERM) and whenever a hundred milliseconds
// went by without a new process. HELD counts those that it has stopped by ptrace(2) and looked at while they could not
// move; in these it also writes the pid 4321 into what is shared with the runtime.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ahead = 12, looks_max = 3000, lines_max = 200, record_pid = 16, forged_pid = 4321 };

static const char *secret, *host_environment;
static char **host_namespaces;
static int host_namespace_count;
static volatile sig_atomic_t over;
static unsigned long pids, looks, held;
static unsigned lines;
static dev_t own_device;
static uint64_t bounding;
static int filtered;

static void end(int number) {
  (void)number;
  over = 1;
}

static void found(const char *what, int pid, const char *format, ...) {
  if (lines++ >= lines_max) return;
  char detail[512];
  va_list list;
  va_start(list, format);
  vsnprintf(detail, sizeof detail, format, list);
  va_end(list);
  printf("found %s %d %s\n", what, pid, detail);
  fflush(stdout);
}

static void tell(void) {
  printf("looked %lu %lu %lu\n", pids, looks, held);
  fflush(stdout);
}

// Whether the secret can be read from a directory, climbing as far as it goes.
static int leads_out(int directory) {
  char path[1024];
  snprintf(path, sizeof path, "../../../../../../../../../../../../%s", secret);
  int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[64] = "";
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  return size > 0;
}

static void look_at_place(int pid, const char *name) {
  char path[64], target[256] = "";
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return;
  if (leads_out(place)) {
    ssize_t size = readlink(path, target, sizeof target - 1);
    found(name, pid, "%.*s", (int)(size < 0 ? 0 : size), target);
  }
  close(place);
}

static void look_at_descriptors(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *dir = opendir(path);
  if (dir == NULL) return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    char name[280];
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "fd/%s", entry->d_name);
    look_at_place(pid, name);
  }
  closedir(dir);
}

// Files of the host that are mapped: not those of the container, nor what has no name (a memfd).
static void look_at_maps(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/map_files", pid);
  DIR *dir = opendir(path);
  if (dir == NULL) return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    char name[340], target[256] = "";
    struct stat status;
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    int file = open(name, O_RDWR | O_CLOEXEC);
    if (file < 0) continue;
    if (fstat(file, &status) == 0 && status.st_dev != own_device && status.st_nlink > 0) {
      // The process may have gone on meanwhile: what was opened says what it is.
      snprintf(name, sizeof name, "/proc/self/fd/%d", file);
      ssize_t size = readlink(name, target, sizeof target - 1);
      found("map", pid, "%.*s", (int)(size < 0 ? 0 : size), target);
    }
    close(file);
  }
  closedir(dir);
}

static void look_at_namespaces(int pid) {
  for (int i = 0; i < host_namespace_count; i++) {
    char type[32] = "", path[64], own[64] = "", theirs[64] = "";
    const char *colon = strchr(host_namespaces[i], ':');
    if (colon == NULL || colon - host_namespaces[i] >= (long)sizeof type) continue;
    memcpy(type, host_namespaces[i], (size_t)(colon - host_namespaces[i]));
    snprintf(path, sizeof path, "/proc/self/ns/%s", type);
    if (readlink(path, own, sizeof own - 1) < 0 || strstr(own, colon + 1) != NULL) continue;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, type);
    if (readlink(path, theirs, sizeof theirs - 1) > 0 && strstr(theirs, colon + 1) != NULL)
      found("namespace", pid, "%s", theirs);
  }
}

static int contains(const char *data, size_t size, const char *text) {
  return memmem(data, size, text, strlen(text)) != NULL;
}

static void look_at_environment(int pid) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t size = read(file, text, sizeof text);
  if (size > 0 && contains(text, (size_t)size, host_environment)) found("environment", pid, "%s", host_environment);
  close(file);
}

// What it runs must not be changed from here.
static void look_at_program(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  struct stat status;
  if (fstat(file, &status) == 0 && status.st_dev != own_device) found("program", pid, "can be written to");
  close(file);
}

// A mode of seccomp(2); -1 when the process is gone.
static int seccomp_of(int pid) {
  char path[64], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  const char *at = size > 0 ? strstr(text, "\nSeccomp:") : NULL;
  return at == NULL ? -1 : atoi(at + strlen("\nSeccomp:"));
}

// Where we have a filter, so has everybody else here.
static void look_at_filter(int pid) {
  if (filtered && seccomp_of(pid) == 0) found("seccomp", pid, "no filter");
}

static void look(int pid) {
  looks++;
  look_at_filter(pid);
  look_at_place(pid, "cwd");
  look_at_place(pid, "root");
  look_at_descriptors(pid);
  look_at_namespaces(pid);
  look_at_environment(pid);
  look_at_program(pid);
  look_at_maps(pid);
}

static uint64_t set_of(int pid, const char *name) {
  char path[64], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  const char *at = size > 0 ? strstr(text, name) : NULL;
  return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 16);
}

// All memory that can be read: for the environment of the caller.
static void look_at_memory(int pid) {
  char path[64], line[512];
  static char memory[1 << 20];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, stop;
    if (sscanf(line, "%lx-%lx", &start, &stop) != 2) continue;
    for (unsigned long at = start; at < stop; at += sizeof memory) {
      struct iovec here = {memory, stop - at < sizeof memory ? stop - at : sizeof memory},
                   there = {(void *)at, here.iov_len};
      ssize_t size = process_vm_readv(pid, &here, 1, &there, 1, 0);
      if (size > 0 && contains(memory, (size_t)size, host_environment)) found("memory", pid, "%s", host_environment);
    }
  }
  if (maps != NULL) fclose(maps);
}

// Writes another pid into what it reports: nobody may believe it.
static void forge_report(int pid) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long start;
    char mode[8];
    if (sscanf(line, "%lx-%*x %7s", &start, mode) != 2 || strcmp(mode, "rw-s") != 0) continue;
    int forged = forged_pid;
    struct iovec here = {&forged, sizeof forged}, there = {(void *)(start + record_pid), sizeof forged};
    process_vm_writev(pid, &here, 1, &there, 1, 0);
  }
  if (maps != NULL) fclose(maps);
}

// Capabilities count over the user namespace that they are in: one of its own has all of them, and nothing by them.
static int has_own_users(int pid) {
  char path[64], own[64] = "", theirs[64] = "";
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  if (readlink("/proc/self/ns/user", own, sizeof own - 1) < 0 || readlink(path, theirs, sizeof theirs - 1) < 0)
    return 0;
  return strcmp(own, theirs) != 0;
}

// Stops a process and looks at it while it cannot move: what it is then, we can be.
static void hold(int pid) {
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) return;
  int status;
  if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
    held++;
    uint64_t more = (set_of(pid, "CapPrm:") | set_of(pid, "CapEff:") | set_of(pid, "CapBnd:")) & ~bounding;
    if (more != 0 && !has_own_users(pid)) found("capabilities", pid, "%llx", (unsigned long long)more);
    look(pid);
    look_at_memory(pid);
    forge_report(pid);
  }
  ptrace(PTRACE_DETACH, pid, 0, 0);
}

// The pid that was given last in this pid namespace.
static int last_pid(void) {
  char text[128] = "";
  int file = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  const char *at = size > 0 ? strrchr(text, ' ') : NULL;
  return at == NULL ? 0 : atoi(at);
}

static int exists(int pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

// From its first instant until it is the container's program, or gone, or another one comes.
static void hunt(int pid) {
  pids++;
  if (pid % 2 == 0) hold(pid);
  for (int i = 0; i < looks_max && !over && exists(pid); i++) {
    look(pid);
    if (exists(pid + 1)) break;
  }
}

int main(int argc, char **argv) {
  struct stat status;
  if (argc < 3 || stat("/", &status) != 0) return 2;
  secret = argv[1];
  host_environment = argv[2];
  host_namespaces = argv + 3;
  host_namespace_count = argc - 3;
  own_device = status.st_dev;
  bounding = set_of(getpid(), "CapBnd:");
  filtered = seccomp_of(getpid()) == 2;
  signal(SIGTERM, end);
  int next = getpid() + 1;
  struct timespec last, now;
  clock_gettime(CLOCK_MONOTONIC, &last);
  int quiet = 0, turn = 0;
  printf("hunting\n");
  fflush(stdout);
  while (!over) {
    int seen = 0;
    if (turn++ % 8 == 0) {
      int last_given = last_pid();
      if (last_given >= next + ahead) next = last_given;
      // Its pid namespace is a new one: it has been restored, and pids begin again.
      if (last_given + 1 < next) next = getpid() + 1;
    }
    for (int pid = next; pid < next + ahead; pid++) {
      if (!exists(pid)) continue;
      hunt(pid);
      next = pid + 1;
      seen = 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000;
    if (seen)
      last = now, quiet = 0;
    else if (!quiet && passed > 100)
      tell(), quiet = 1;
  }
  tell();
  return 0;
}

// floor - what a container costs without a runtime: the system calls for the bench's config.json, written by hand for
// it alone. Nothing is read, checked, reported or remembered, and every failure ends it. What a runtime needs beyond
// this is the price of being one.
//   floor run ROOTFS CGROUP PROGRAM   makes the container, waits for PROGRAM, and removes the cgroups
//   floor exec PID PROGRAM            runs PROGRAM in the namespaces and cgroups of PID
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP };
static char cgroups[16][256];
static int cgroup_count;

static void must(const char *what, long result) {
  if (result < 0) err(1, "%s", what);
}

// The cgroup of a name in every hierarchy: a directory of /sys/fs/cgroup is one, or /sys/fs/cgroup itself.
static void find_cgroups(const char *name) {
  char line[1024], at[256], type[64];
  FILE *mounts = fopen("/proc/self/mounts", "re");
  if (!mounts) err(1, "mounts");
  while (fgets(line, sizeof line, mounts) && cgroup_count < 16) {
    if (sscanf(line, "%*s %255s %63s", at, type) != 2 || strncmp(type, "cgroup", 6) != 0) continue;
    snprintf(cgroups[cgroup_count++], sizeof cgroups[0], "%.200s/%.50s", at, name);
  }
  fclose(mounts);
}

static void put(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  must(path, file);
  must(path, write(file, text, strlen(text)));
  close(file);
}

static void limit_devices(const char *cgroup) {
  char path[300];
  snprintf(path, sizeof path, "%.255s/devices.deny", cgroup);
  put(path, "a");
  snprintf(path, sizeof path, "%.255s/devices.allow", cgroup);
  for (const char *const *rule =
           (const char *const[]){"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm",
                                 "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm", NULL};
       *rule; rule++)
    put(path, *rule);
}

static void enter_cgroups(pid_t pid) {
  char path[300], text[16];
  snprintf(text, sizeof text, "%d", pid);
  for (int i = 0; i < cgroup_count; i++) {
    if (strstr(cgroups[i], "/devices/")) limit_devices(cgroups[i]);
    if (strstr(cgroups[i], "/cpuset/")) {
      char inherited[64] = "", above[300];
      for (const char *const *file = (const char *const[]){"cpuset.cpus", "cpuset.mems", NULL}; *file; file++) {
        snprintf(above, sizeof above, "/sys/fs/cgroup/cpuset/%s", *file);
        int from = open(above, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(from, inherited, sizeof inherited - 1);
        close(from);
        inherited[n > 0 ? n : 0] = 0;
        snprintf(path, sizeof path, "%.255s/%s", cgroups[i], *file);
        put(path, inherited);
      }
    }
    snprintf(path, sizeof path, "%.255s/cgroup.procs", cgroups[i]);
    put(path, text);
  }
}

static void device(const char *path, unsigned major, unsigned minor) {
  must(path, mknod(path, S_IFCHR | 0666, makedev(major, minor)));
}

static void mask(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return;
  if (S_ISDIR(status.st_mode))
    must(path, mount("tmpfs", path, "tmpfs", MS_RDONLY, ""));
  else
    must(path, mount("/dev/null", path, NULL, MS_BIND, NULL));
}

static void read_only(const char *path) {
  if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0) return;
  must(path, mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

// The hierarchies of the host as the container's cgroup namespace shows them.
static void show_cgroups(void) {
  const unsigned long plain = MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME;
  if (cgroup_count == 1) {
    must("cgroup2", mount("cgroup", "sys/fs/cgroup", "cgroup2", plain | MS_RDONLY, NULL));
    return;
  }
  must("cgroup", mount("tmpfs", "sys/fs/cgroup", "tmpfs", plain, "mode=755"));
  for (int i = 0; i < cgroup_count; i++) {
    char name[64], at[128];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(cgroups[i] + 15, "/"), cgroups[i] + 15);
    snprintf(at, sizeof at, "sys/fs/cgroup/%s", name);
    must(at, mkdir(at, 0755));
    const char *type = strcmp(name, "unified") ? "cgroup" : "cgroup2";
    const char *options = !strcmp(name, "systemd") ? "none,name=systemd" : strcmp(name, "unified") ? name : NULL;
    must(at, mount("cgroup", at, type, plain | MS_RDONLY, options));
  }
  must("cgroup", mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | plain, NULL));
}

static void make_root(const char *rootfs) {
  must("private", mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL));
  must("root", mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL));
  must("chdir", chdir(rootfs));
  const unsigned long plain = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  must("proc", mount("proc", "proc", "proc", 0, NULL));
  must("dev", mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
  for (const char *const *name = (const char *const[]){"dev/pts", "dev/shm", "dev/mqueue", NULL}; *name; name++)
    must(*name, mkdir(*name, 0755));
  must("pts", mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
  must("shm", mount("shm", "dev/shm", "tmpfs", plain, "mode=1777,size=65536k"));
  must("mqueue", mount("mqueue", "dev/mqueue", "mqueue", plain, NULL));
  must("sysfs", mount("sysfs", "sys", "sysfs", plain | MS_RDONLY, NULL));
  show_cgroups();
  device("dev/null", 1, 3);
  device("dev/zero", 1, 5);
  device("dev/full", 1, 7);
  device("dev/random", 1, 8);
  device("dev/urandom", 1, 9);
  device("dev/tty", 5, 0);
  must("fd", symlink("/proc/self/fd", "dev/fd"));
  must("stdin", symlink("/proc/self/fd/0", "dev/stdin"));
  must("stdout", symlink("/proc/self/fd/1", "dev/stdout"));
  must("stderr", symlink("/proc/self/fd/2", "dev/stderr"));
  must("ptmx", symlink("pts/ptmx", "dev/ptmx"));
  must("read-only", mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  must("pivot_root", syscall(SYS_pivot_root, ".", "."));
  must("umount", umount2(".", MNT_DETACH));
  for (const char *const *path = (const char *const[]){"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
                                                       "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                                                       "/proc/sched_debug", "/sys/firmware", "/proc/scsi", NULL};
       *path; path++)
    mask(*path);
  for (const char *const *path =
           (const char *const[]){"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};
       *path; path++)
    read_only(*path);
}

static void drop_rights(void) {
  const __u32 kept = 1U << CAP_AUDIT_WRITE | 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE;
  for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
    if (cap > 31 || !(kept & 1U << cap)) prctl(PR_CAPBSET_DROP, cap);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
  must("capset", syscall(SYS_capset, &header, data));
  must("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int wait_for(pid_t pid) {
  int status;
  must("wait", waitpid(pid, &status, 0));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(const char *rootfs, const char *cgroup, char *program) {
  int gate[2];
  find_cgroups(cgroup);
  for (int i = 0; i < cgroup_count; i++) must(cgroups[i], mkdir(cgroups[i], 0755));
  must("pipe", pipe2(gate, O_CLOEXEC));
  pid_t pid = syscall(SYS_clone, (namespaces & ~CLONE_NEWCGROUP) | SIGCHLD, 0, 0, 0, 0);
  must("clone", pid);
  if (pid == 0) {
    char go;
    if (read(gate[0], &go, 1) != 1) _exit(1);
    must("cgroup namespace", unshare(CLONE_NEWCGROUP));
    must("hostname", sethostname("floor", 5));
    struct rlimit files = {1024, 1024};
    must("setrlimit", setrlimit(RLIMIT_NOFILE, &files));
    make_root(rootfs);
    drop_rights();
    execve(program, (char *[]){program, NULL}, (char *[]){"PATH=/bin", "TERM=xterm", NULL});
    err(1, "%s", program);
  }
  enter_cgroups(pid);
  must("gate", write(gate[1], "", 1));
  int status = wait_for(pid);
  for (int i = 0; i < cgroup_count; i++) must(cgroups[i], rmdir(cgroups[i]));
  return status;
}

// The cgroups of a process, of /proc/PID/cgroup: "4:memory:/path" of v1, "0::/path" of v2.
static void find_cgroups_of(const char *pid) {
  char path[64], line[512], names[128], place[256];
  snprintf(path, sizeof path, "/proc/%s/cgroup", pid);
  FILE *file = fopen(path, "re");
  if (!file) err(1, "%s", path);
  while (fgets(line, sizeof line, file) && cgroup_count < 16) {
    char *colon = strchr(line, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
    if (!second) continue;
    *second = 0;
    snprintf(names, sizeof names, "%s", colon + 1);
    snprintf(place, sizeof place, "%.*s", (int)strcspn(second + 1, "\n"), second + 1);
    const char *name = names;
    if (!strncmp(name, "name=", 5)) name += 5;
    struct stat is_there;
    if (!*name) name = stat("/sys/fs/cgroup/cgroup.procs", &is_there) == 0 ? "." : "unified";
    snprintf(cgroups[cgroup_count], sizeof cgroups[0], "/sys/fs/cgroup/%.40s%.180s", name, place);
    if (stat(cgroups[cgroup_count], &is_there) == 0) cgroup_count++;
  }
  fclose(file);
}

static int exec_in(const char *pid, char *program) {
  find_cgroups_of(pid);
  int process = syscall(SYS_pidfd_open, atoi(pid), 0);
  must("pidfd_open", process);
  char path[300];
  for (int i = 0; i < cgroup_count; i++) {
    snprintf(path, sizeof path, "%.255s/cgroup.procs", cgroups[i]);
    put(path, "0");
  }
  must("setns", setns(process, namespaces));
  close(process);
  pid_t child = fork();
  must("fork", child);
  if (child > 0) return wait_for(child);
  drop_rights();
  execve(program, (char *[]){program, NULL}, (char *[]){"PATH=/bin", "TERM=xterm", NULL});
  err(1, "%s", program);
}

int main(int argc, char **argv) {
  if (argc == 5 && !strcmp(argv[1], "run")) return run(argv[2], argv[3], argv[4]);
  if (argc == 4 && !strcmp(argv[1], "exec")) return exec_in(argv[2], argv[3]);
  errx(1, "usage: floor run ROOTFS CGROUP PROGRAM | floor exec PID PROGRAM");
}

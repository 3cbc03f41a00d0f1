// sandbox CMD ARG... - runs a command where a broken container runtime can hurt nobody: in new mount,
// pid, network, UTS and IPC namespaces, with every mount of the host read-only except the cgroup file
// systems and securityfs (to load AppArmor profiles), and with empty /tmp, /run and /dev/shm, but for the folders that
// SANDBOX_KEEP names (with colons between): a checkout may lie below /tmp. Its pid 1 reaps, so orphaned containers do
// not stay zombies, and everything dies with it. Exits with the command's status (128+n for a signal).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
  _exit(125);
}

// Octal escapes of mountinfo, in place.
static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from != '\0'; to++) {
    unsigned byte;
    if (*from == '\\' && sscanf(from, "\\%3o", &byte) == 1) {
      *to = (char)byte;
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

// Linux before 5.12 has no mount_setattr(2): the mount of a line of mountinfo is mounted again with its own flags, but
// for this one. What lies below another mount cannot be reached, and needs nothing.
static void remount_line(char *line, const char *top, bool readonly) {
  static const struct {
    const char *name;
    unsigned long flag;
  } names[] = {{"nosuid", MS_NOSUID},   {"nodev", MS_NODEV},       {"noexec", MS_NOEXEC},
               {"noatime", MS_NOATIME}, {"relatime", MS_RELATIME}, {"nodiratime", MS_NODIRATIME}};
  char *fields[6], *rest = line;
  for (int i = 0; i < 6; i++)
    if ((fields[i] = strsep(&rest, " ")) == NULL) return;
  char *path = fields[4], *options = fields[5];
  unescape(path);
  size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
  if (strncmp(path, top, length) != 0 || (path[length] != '/' && path[length] != '\0')) return;
  unsigned long flags = MS_REMOUNT | MS_BIND | (readonly ? MS_RDONLY : 0);
  for (char *option; (option = strsep(&options, ",")) != NULL;)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      if (strcmp(option, names[i].name) == 0) flags |= names[i].flag;
  // EINVAL: the path leads to another mount that covers this one, and not to its root. ENOENT: it is covered.
  if (mount(NULL, path, NULL, flags, NULL) < 0 && errno != EINVAL && errno != ENOENT && errno != ENOTDIR) die(path);
}

static void set_readonly(const char *top, bool readonly) {
  struct mount_attr attr = {.attr_set = readonly ? MOUNT_ATTR_RDONLY : 0, .attr_clr = readonly ? 0 : MOUNT_ATTR_RDONLY};
  if (syscall(SYS_mount_setattr, AT_FDCWD, top, AT_RECURSIVE, &attr, sizeof attr) == 0) return;
  if (errno != ENOSYS) die(top);
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  if (mounts == NULL) die("/proc/self/mountinfo");
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, mounts) > 0) remount_line(line, top, readonly);
  free(line);
  fclose(mounts);
}

// Where it is mounted; elsewhere the folder is missing or an empty one of sysfs.
static void open_securityfs(void) {
  const char *path = "/sys/kernel/security";
  struct statfs at;
  if (statfs(path, &at) == 0 && at.f_type == SECURITYFS_MAGIC) set_readonly(path, false);
}

static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static void loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) die("lo");
  close(fd);
}

enum { KEPT_MAX = 8 };

static struct {
  char *path;
  int tree;
} kept[KEPT_MAX];

// Takes the folders of SANDBOX_KEEP along, read-only as everything is by now.
static void take_kept(void) {
  char *list = getenv("SANDBOX_KEEP");
  if (list == NULL) return;
  list = strdup(list);
  unsetenv("SANDBOX_KEEP");
  int count = 0;
  for (char *path = strtok(list, ":"); path != NULL && count < KEPT_MAX; path = strtok(NULL, ":"), count++) {
    kept[count].path = path;
    kept[count].tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (kept[count].tree < 0) die(path);
  }
}

// Puts them back where they were, when an empty folder lies above them now.
static void place_kept(void) {
  for (int i = 0; i < KEPT_MAX && kept[i].path != NULL; i++) {
    char *path = strdup(kept[i].path);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
      *slash = '\0';
      mkdir(path, 0755);
      *slash = '/';
    }
    mkdir(path, 0755);
    free(path);
    if (syscall(SYS_move_mount, kept[i].tree, "", AT_FDCWD, kept[i].path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
      die(kept[i].path);
    close(kept[i].tree);
  }
}

static int pid_one(char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("/ private");
  set_readonly("/", true);
  set_readonly("/sys/fs/cgroup", false);
  open_securityfs();
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) die("/proc");
  take_kept();
  char *cwd = getcwd(NULL, 0);
  const char *fresh[] = {"/tmp", "/run", "/dev/shm"};
  for (int i = 0; i < 3; i++)
    if (mount("tmpfs", fresh[i], "tmpfs", 0, i == 1 ? "mode=755" : "mode=1777") < 0) die(fresh[i]);
  place_kept();
  // As systemd does, and with it most hosts: what a container mounts must not come back here all the same.
  if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0) die("/ shared");
  if (cwd != NULL && chdir(cwd) < 0 && chdir("/") < 0) die("/");
  loopback_up();
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    execvp(argv[0], argv);
    die(argv[0]);
  }
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid == child) return exit_code(status);
    if (pid < 0 && errno != EINTR) die("wait");
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: sandbox CMD ARG...\n");
    return 125;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0) die("unshare");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) return pid_one(argv + 1);
  signal(SIGINT, SIG_IGN);
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) die("wait");
  return exit_code(status);
}

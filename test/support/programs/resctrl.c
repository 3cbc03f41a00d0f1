// resctrl CMD ARG... - runs a command that takes the folder /sys/fs/resctrl, a plain tmpfs, for a mounted resctrl: most
// machines have no Intel RDT. A supervisor answers some of its system calls (seccomp_unotify(2)): (f)statfs tells the
// file system's magic; mkdir makes a class or a monitoring group with the files that the kernel puts there, or fails
// with ENOSPC when its parent has a file "full"; rmdir removes one with its files. What is written lands in plain
// files.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define TOP "/sys/fs/resctrl"
#ifndef SYS_mkdir // newer architectures have the calls with a directory alone
#define SYS_mkdir -1
#define SYS_rmdir -1
#endif

static void die(const char *what) {
  fprintf(stderr, "resctrl: %s: %s\n", what, strerror(errno));
  _exit(125);
}

static void make(const char *folder, const char *name, int is_folder) {
  char path[4096 + 256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (is_folder)
    mkdir(path, 0755);
  else
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
}

static int make_group(const char *path) {
  char full[4096];
  snprintf(full, sizeof full, "%.*s/full", (int)(strrchr(path, '/') - path), path);
  if (access(full, F_OK) == 0) return -ENOSPC;
  if (mkdir(path, 0755) < 0) return -errno;
  int is_monitor = strstr(path, "/mon_groups/") != NULL;
  make(path, "tasks", 0);
  make(path, "mon_data", 1);
  if (is_monitor) return 0;
  make(path, "schemata", 0);
  make(path, "mon_groups", 1);
  return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at) {
  (void)info, (void)kind, (void)at;
  return remove(path);
}

static int remove_group(const char *path) {
  if (access(path, F_OK) < 0) return -errno;
  return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -errno;
}

// The place of `name` (an address in the process; 0 = the descriptor itself) below the descriptor; 0 when there is
// none.
static int place(pid_t pid, int dir, unsigned long long name, char *path, size_t size) {
  char link[64], text[2048] = "";
  struct iovec local = {text, sizeof text - 1}, remote = {(void *)name, sizeof text - 1};
  // The text may end before unmapped memory.
  while (name != 0 && process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && remote.iov_len > 16) remote.iov_len /= 2;
  if (text[0] == '/') return snprintf(path, size, "%s", text) > 0;
  if (dir == AT_FDCWD)
    snprintf(link, sizeof link, "/proc/%d/cwd", pid);
  else
    snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, dir);
  ssize_t length = readlink(link, path, size - sizeof text - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  if (text[0] != 0) strcat(strcat(path, "/"), text);
  return 1;
}

static int answer(const struct seccomp_notif *call, int *handled) {
  char path[4096 + 64];
  const unsigned long long *args = call->data.args;
  int nr = call->data.nr, with_dir = nr == SYS_mkdirat || nr == SYS_unlinkat || nr == SYS_fstatfs;
  unsigned long long name = nr == SYS_fstatfs ? 0 : with_dir ? args[1] : args[0];
  int known = place((pid_t)call->pid, with_dir ? (int)args[0] : AT_FDCWD, name, path, sizeof path) &&
              strncmp(path, TOP, sizeof TOP - 1) == 0 && (path[sizeof TOP - 1] == '/' || path[sizeof TOP - 1] == 0);
  *handled = known && !(nr == SYS_unlinkat && !(args[2] & AT_REMOVEDIR));
  if (!*handled) return 0;
  if (nr == SYS_mkdirat || nr == SYS_mkdir) return make_group(path);
  if (nr == SYS_unlinkat || nr == SYS_rmdir) return remove_group(path);
  struct statfs fs;
  if (statfs(path, &fs) < 0) return -errno;
  fs.f_type = 0x7655821; // RDTGROUP_SUPER_MAGIC
  struct iovec local = {&fs, sizeof fs}, remote = {(void *)args[1], sizeof fs};
  return process_vm_writev((pid_t)call->pid, &local, 1, &remote, 1, 0) < 0 ? -errno : 0;
}

static void supervise(int listener) {
  for (struct pollfd fds = {.fd = listener, .events = POLLIN}; poll(&fds, 1, -1) > 0 && !(fds.revents & POLLHUP);) {
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) continue;
    struct seccomp_notif_resp reply = {.id = call.id};
    int handled = 0;
    reply.error = answer(&call, &handled);
    if (!handled) reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 125;
  int pair[2], listener;
  char done;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) die("socketpair");
  pid_t command = getpid();
  if (fork() == 0) {
    if (recv(pair[1], &listener, sizeof listener, 0) != sizeof listener) return 1;
    int own = (int)syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, command, 0), listener, 0);
    if (own < 0) die("pidfd_getfd");
    send(pair[1], "", 1, 0);
    syscall(SYS_close_range, 0, own - 1, 0);
    syscall(SYS_close_range, own + 1, ~0U, 0);
    setsid();
    supervise(own);
    return 0;
  }
  const int calls[] = {SYS_fstatfs, SYS_statfs, SYS_mkdirat, SYS_mkdir, SYS_unlinkat, SYS_rmdir};
  enum { count = sizeof calls / sizeof *calls };
  struct sock_filter filter[1 + count + 2] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  for (int i = 0; i < count; i++) {
    filter[1 + i] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], (unsigned char)(count - i), 0);
  }
  filter[1 + count] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[2 + count] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) die("seccomp");
  if (send(pair[0], &listener, sizeof listener, 0) < 0 || recv(pair[0], &done, 1, 0) != 1) die("the supervisor");
  execvp(argv[1], argv + 1);
  die(argv[1]);
}

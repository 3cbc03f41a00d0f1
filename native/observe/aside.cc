#include "observe/aside.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "host/text.h"

namespace veloci {
namespace {

constexpr int most_milliseconds = 3000;

// Whether a process has ended after at most that time.
bool has_ended(int pidfd, int milliseconds) {
  int64_t deadline = monotonic_milliseconds() + milliseconds;
  for (;;) {
    int64_t rest = deadline - monotonic_milliseconds();
    pollfd entry{pidfd, POLLIN, 0};
    if (rest <= 0) return false;
    if (poll(&entry, 1, static_cast<int>(rest)) > 0) return true;
  }
}

// Waits for a child for a limited time, then ends it. One that a file system keeps does not even die of SIGKILL: it is
// left to whoever inherits it, and ends with that file system, which is the container's.
void await_child(pid_t child) {
  Fd pidfd(sys::pidfd_open(child, 0));
  constexpr int most_dying = 200;
  bool ended = pidfd.valid() && has_ended(pidfd.get(), most_milliseconds);
  if (!ended) {
    kill(child, SIGKILL);
    ended = pidfd.valid() && has_ended(pidfd.get(), most_dying);
  }
  if (ended) waitpid(child, nullptr, 0);
}

// Such a child must hold nothing that our caller waits for the end of.
void let_go_of_stdio() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) close(fd);
}

// Runs in a child of ours that ends with us.
template <class Work> void aside(Work work) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    let_go_of_stdio();
    if (getppid() == parent) work();
    _exit(0);
  }
  await_child(child);
}

void note_link(int fd, bool host, PathSeen &seen) {
  ssize_t size = -1;
  if (host) {
    TextOf<48> link;
    link.add("/proc/self/fd/").add_signed(fd);
    size = readlink(link.c_str(), seen.link, sizeof seen.link);
  } else if (S_ISLNK(seen.mode)) {
    size = readlinkat(fd, "", seen.link, sizeof seen.link);
  }
  if (size > 0) seen.link_size = static_cast<uint32_t>(size);
}

int look(int fd, bool host, PathSeen &seen) {
  constexpr unsigned no_sync = 0x4000;         // AT_STATX_DONT_SYNC
  constexpr uint64_t attr_mount_root = 0x2000; // STATX_ATTR_MOUNT_ROOT
  sys::Statx status = {};
  if (fd < 0) return errno;
  if (sys::statx(fd, "", sys::at_empty_path | no_sync, sys::statx_basic | sys::statx_mnt_id, status) != 0) return errno;
  seen.mode = status.mode;
  seen.uid = status.uid;
  seen.gid = status.gid;
  seen.major = status.rdev_major;
  seen.minor = status.rdev_minor;
  seen.inode = status.ino;
  seen.mount = status.mnt_id;
  seen.mount_root = (status.attributes & attr_mount_root) != 0;
  note_link(fd, host, seen);
  return 0;
}

Fd open_seen(const FileLook &file, int root) {
  if (root < 0) return Fd(open(file.path.c_str(), O_PATH | O_CLOEXEC));
  int follow = file.where == FileLookWhere::link ? O_NOFOLLOW : 0;
  return Fd(open_in_root(root, file.path.c_str(), O_PATH | follow));
}

void enter(int process, const char *name, int type) {
  TextOf<32> path;
  path.add("ns/").add(name);
  Fd theirs(openat(process, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (theirs.valid()) setns(theirs.get(), type);
}

bool is_same(int process, const char *name) {
  TextOf<32> path, own;
  path.add("ns/").add(name);
  own.add("/proc/self/ns/").add(name);
  struct stat theirs, ours;
  return fstatat(process, path.c_str(), &theirs, 0) == 0 && stat(own.c_str(), &ours) == 0 &&
         theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

// Flags of the loopback device (netdevice(7)), which every network namespace has under this name.
void read_loopback(KernelText &out) {
  Fd socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request = {};
  memcpy(request.ifr_name, "lo", sizeof "lo");
  if (!socket_.valid() || ioctl(socket_.get(), SIOCGIFFLAGS, &request) != 0) {
    out.err = errno;
    return;
  }
  TextOf<16> number;
  number.add_signed(request.ifr_flags);
  out.size = static_cast<uint32_t>(number.size());
  memcpy(out.text, number.c_str(), out.size);
}

void read_parameter(int procfs, const char *path, KernelText &out) {
  Fd file(open_in_procfs(procfs, path, O_RDONLY | O_NONBLOCK));
  if (!file.valid()) {
    out.err = errno;
    return;
  }
  while (out.size < sizeof out.text) {
    ssize_t count = ::read(file.get(), out.text + out.size, sizeof out.text - out.size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) out.err = errno;
    if (count <= 0) break;
    out.size += static_cast<uint32_t>(count);
  }
}

} // namespace

void read_process_aside(int process, const char *const *names, ProcessText *texts, size_t count) {
  aside([&] {
    for (size_t i = 0; i < count; i++) {
      ssize_t size = read_text(process, names[i], texts[i].text, sizeof texts[i].text);
      texts[i].err = size < 0 ? static_cast<int>(-size) : 0;
      texts[i].size = size < 0 ? 0 : static_cast<uint32_t>(size);
      __atomic_store_n(&texts[i].done, true, __ATOMIC_RELEASE);
    }
  });
}

bool is_at(const FileLook &file, FileLookWhere where) {
  return file.where == where || (where == FileLookWhere::container && file.where == FileLookWhere::link);
}

void look_aside(const List<FileLook> &looks, FileLookWhere where, int root, PathSeen *seen) {
  aside([&] {
    PathSeen *next = seen;
    for (const FileLook &file : looks) {
      PathSeen &entry = *next++;
      if (!is_at(file, where)) continue;
      Fd fd = open_seen(file, root);
      entry.err = look(fd.get(), root < 0, entry);
      __atomic_store_n(&entry.done, true, __ATOMIC_RELEASE);
    }
  });
}

void read_kernel_aside(const List<FileLook> &looks, int process, KernelText *texts) {
  aside([&] {
    Fd procfs(open_host_procfs());
    // Rights over the namespaces come with the user namespace, for whoever is not root.
    if (geteuid() != 0 && !is_same(process, "user")) enter(process, "user", CLONE_NEWUSER);
    struct {
      const char *name;
      int type;
    } constexpr types[] = {{"net", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}};
    bool inside = true;
    for (const auto &type : types) {
      if (is_same(process, type.name)) continue;
      enter(process, type.name, type.type);
      inside = inside && is_same(process, type.name);
    }
    KernelText *next = texts;
    for (const FileLook &file : looks) {
      KernelText &entry = *next++;
      if (file.where != FileLookWhere::kernel) continue;
      TextOf<512> path;
      if (file.path == Str::of("net"))
        path.add("self/net/dev");
      else
        path.add("sys/").add(file.path);
      if (!inside)
        entry.err = EPERM;
      else if (file.path == Str::of("lo"))
        read_loopback(entry);
      else
        read_parameter(procfs.get(), path.c_str(), entry);
      __atomic_store_n(&entry.done, true, __ATOMIC_RELEASE);
    }
  });
}

void find_privileged_aside(int root, PrivilegedFiles *out) {
  aside([&] { find_privileged(root, *out); });
}

} // namespace veloci

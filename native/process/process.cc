#include "process/process.h"
#include "base/io.h"
#include "wait/deadline.h"
#include "record/record.h"
#include "base/sys.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

namespace veloci {

namespace {

int read_stat(int folder, const char *path, ProcessStat &stat) {
  // musl's open(2) sets FD_CLOEXEC once more.
  Fd file(openat(folder, path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno == ENOENT ? ESRCH : errno;
  char text[1024];
  ssize_t count = ::read(file.get(), text, sizeof text - 1);
  if (count < 0) return errno;
  text[count] = 0;
  // The name in parentheses may hold anything, parentheses too: the fields begin behind the last one.
  const char *cursor = strrchr(text, ')');
  if (cursor == nullptr || cursor[1] != ' ' || cursor[2] == 0) return EBADMSG;
  stat.state = cursor[2];
  cursor += 2;
  constexpr int state_field = 3, flags_field = 9, user_field = 14, system_field = 15, threads_field = 20,
                start_field = 22, pending_field = 31;
  constexpr uint64_t exiting = 4, unexecuted = 0x40; // PF_EXITING, PF_FORKNOEXEC
  for (int field = state_field; field < pending_field; field++) {
    cursor = strchr(cursor, ' ');
    if (cursor == nullptr) return EBADMSG;
    uint64_t value = strtoull(++cursor, nullptr, 10);
    if (field + 1 == flags_field) {
      stat.exiting = (value & exiting) != 0;
      stat.executed = (value & unexecuted) == 0;
    }
    if (field + 1 == user_field) stat.cpu_time = value;
    if (field + 1 == system_field) stat.cpu_time += value;
    if (field + 1 == threads_field) stat.threads = value;
    if (field + 1 == start_field) stat.start_time = value;
    if (field + 1 == pending_field) stat.killed = (value >> (SIGKILL - 1) & 1) != 0;
  }
  if (stat.ended_first()) stat.exiting = false;
  // The last field.
  const char *last = strrchr(cursor, ' ');
  stat.exit_code = last != nullptr ? atoi(last + 1) : 0;
  return 0;
}

} // namespace

int read_process_stat(int pid, ProcessStat &stat) {
  TextOf<32> path;
  path.add("/proc/").add_signed(pid).add("/stat");
  return read_stat(AT_FDCWD, path.c_str(), stat);
}

int read_stat_below(int folder, ProcessStat &stat) { return read_stat(folder, "stat", stat); }

int procfs_fault() {
  TextOf<16> own;
  char link[16];
  ssize_t size = readlink("/proc/self", link, sizeof link);
  if (size < 0) return errno;
  own.add_signed(getpid());
  return own.str() == Str{link, static_cast<uint32_t>(size)} ? 0 : EXDEV;
}

int open_identified(int pid, uint64_t start_time, Fd &pidfd) {
  if (pid <= 1) return ESRCH;
  Fd opened(sys::pidfd_open(pid, 0));
  if (!opened.valid()) return errno;
  // After the open: from here on the number can't pass to another process without our seeing it.
  ProcessStat stat;
  if (int err = read_process_stat(pid, stat); err != 0) return err;
  if (stat.start_time != start_time || !stat.alive()) return ESRCH;
  pidfd = static_cast<Fd &&>(opened);
  return 0;
}

bool is_ending(int pid, uint64_t start_time) {
  ProcessStat stat;
  int err = read_process_stat(pid, stat);
  return err == ESRCH || (err == 0 && (stat.start_time != start_time || !stat.alive() || stat.exiting));
}

bool await_if_killed(int pid, uint64_t start_time, int milliseconds) {
  // Between the signal and the exit there is a moment in which neither is to be seen.
  constexpr int unsure = 100, slice = 10;
  Fd pidfd;
  if (int err = open_identified(pid, start_time, pidfd); err != 0) return err == ESRCH;
  for (int waited = 0; waited < milliseconds; waited += slice) {
    if (pidfd_wait(pidfd.get(), slice)) return true;
    ProcessStat stat;
    if (waited >= unsure && read_process_stat(pid, stat) == 0 && !stat.killed && !stat.exiting) return false;
  }
  return false;
}

uint64_t boot_mark() {
  static uint64_t known;
  if (known != 0) return known;
  Fd file(openat(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[36];
  if (!file.valid()) return 0;
  ssize_t count = ::read(file.get(), text, sizeof text);
  if (count != static_cast<ssize_t>(sizeof text)) {
    if (count >= 0) errno = EBADMSG;
    return 0;
  }
  // FNV-1a.
  uint64_t mark = 0xcbf29ce484222325;
  for (char digit : text) mark = (mark ^ static_cast<uint8_t>(digit)) * 0x100000001b3;
  return known = mark;
}

int check_boot(const Record &record) {
  if (record.boot == 0) return 0;
  uint64_t mark = boot_mark();
  if (mark == 0) return errno == ENOENT ? 0 : errno;
  return mark == record.boot ? 0 : ESRCH;
}

bool reap_child(pid_t pid, int milliseconds, siginfo_t *info) {
  siginfo_t own;
  siginfo_t &ending = info != nullptr ? *info : own;
  auto reap = [&](int flags) {
    ending = {};
    while (waitid(P_PID, static_cast<id_t>(pid), &ending, WEXITED | __WALL | flags) != 0) {
      if (errno != EINTR) return true; // it is none, or no more
    }
    return ending.si_pid != 0;
  };
  if (reap(WNOHANG)) return true;
  Fd pidfd(sys::pidfd_open(pid, 0));
  if (pidfd.valid()) return pidfd_wait(pidfd.get(), milliseconds) && reap(0);
  for (Deadline deadline(static_cast<uint32_t>(milliseconds)); deadline.wait();) {
    if (reap(WNOHANG)) return true;
  }
  return false;
}

bool pidfd_wait(int pidfd, int milliseconds) {
  struct pollfd ended {
    pidfd, POLLIN, 0
  };
  return poll(&ended, 1, milliseconds) > 0;
}

} // namespace veloci

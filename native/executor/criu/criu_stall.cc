#include "executor/criu/criu_stall.h"
#include "base/clock.h"
#include "process/process.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr int stall_limit = 30000; // milliseconds
constexpr unsigned processes_max = 1024;

// Adds the children of a process. False when they are too many, or cannot be known.
bool add_children(pid_t pid, pid_t (&processes)[processes_max], unsigned &count) {
  TextOf<64> path;
  TextOf<8192> text;
  path.add("/proc/").add_signed(pid).add("/task/").add_signed(pid).add("/children");
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno == ENOENT; // it has ended
  if (!read_small(file.get(), text)) return errno == ESRCH;
  const char *place = text.c_str();
  for (char *end = nullptr;; place = end) {
    long child = strtol(place, &end, 10);
    if (end == place) return true;
    if (count == processes_max) return false;
    processes[count++] = static_cast<pid_t>(child);
  }
}

// What CRIU and all that it has made have done so far, as one number: they are below us. False where one of them is at
// work, or waits for a disk.
bool add_work(uint64_t &work) {
  pid_t processes[processes_max];
  unsigned count = 0;
  if (!add_children(getpid(), processes, count)) return false;
  for (unsigned i = 0; i < count; i++) {
    ProcessStat stat;
    if (read_process_stat(processes[i], stat) != 0) continue;
    if (stat.state == 'R' || stat.state == 'D') return false;
    work += stat.cpu_time + 1;
    if (!add_children(processes[i], processes, count)) return false;
  }
  return true;
}

} // namespace

bool CriuStall::is_still() {
  const int64_t now = monotonic_milliseconds();
  struct stat log;
  int folder = (job_.work.valid() ? job_.work : job_.images).get();
  uint64_t work = 1;
  if (fstatat(folder, job_.log.c_str(), &log, AT_SYMLINK_NOFOLLOW) == 0) work += static_cast<uint64_t>(log.st_size);
  if (!add_work(work)) work = 0;
  if (work == 0 || work != work_) since_ = now;
  work_ = work;
  return now - since_ >= stall_limit;
}

} // namespace veloci

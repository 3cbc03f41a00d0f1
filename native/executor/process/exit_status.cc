#include "executor/process/exit_status.h"
#include "process/process.h"
#include "record/ending.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

namespace veloci {

namespace {

// struct pidfd_info of the kernel in its first version (PIDFD_GET_INFO, Linux 6.13; exit codes 6.15).
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, PidfdInfo);
constexpr uint64_t pidfd_info_exit = 1 << 3;

// The wait status of a process that has been reaped.
bool status_of_reaped(int pidfd, int &status) {
  PidfdInfo info = {};
  info.mask = pidfd_info_exit;
  if (ioctl(pidfd, pidfd_get_info, &info) != 0 || (info.mask & pidfd_info_exit) == 0) return false;
  status = info.exit_code;
  return true;
}

bool find_status(const Record &record, int pidfd, int &status) {
  constexpr int time_limit = 2000; // milliseconds that a parent may take to reap it
  if (status_of_reaped(pidfd, status)) return true;
  ProcessStat stat;
  bool zombie = read_process_stat(record.pid, stat) == 0 && stat.start_time == record.start_time;
  // Readers without the right to trace the process get a zero, too.
  if (zombie && stat.exit_code > 0) {
    status = stat.exit_code;
    return true;
  }
  struct pollfd reaped {
    pidfd, 0, 0
  };
  poll(&reaped, 1, time_limit);
  return status_of_reaped(pidfd, status);
}

} // namespace

int exit_code_of(const siginfo_t &info) {
  return info.si_code == CLD_EXITED ? info.si_status : signal_base + info.si_status;
}

bool find_exit_code(Record &record, int pidfd, int &code) {
  int status = 0;
  if (!find_status(record, pidfd, status)) return record_has_exit(record, code);
  code = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
  record_signal(record, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  record_exit(record, code);
  return true;
}

} // namespace veloci

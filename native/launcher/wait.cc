// wait: until the container's first process has ended, and with what status.
#include "executor/process.h"
#include "launcher/invocation.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

namespace veloci {

using namespace diagnostic;

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

// The wait status of a process that has been reaped, by the pidfd that was opened before.
bool status_of_reaped(int pidfd, int &status) {
  PidfdInfo info = {};
  info.mask = pidfd_info_exit;
  if (ioctl(pidfd, pidfd_get_info, &info) != 0 || (info.mask & pidfd_info_exit) == 0) return false;
  status = info.exit_code;
  return true;
}

// The process has ended; it is reaped now or a little later.
bool find_status(const Record &record, int pidfd, int &status) {
  constexpr int patience = 2000; // milliseconds that a parent may take to reap it
  if (status_of_reaped(pidfd, status)) return true;
  ProcessStat stat;
  bool zombie = read_process_stat(record.pid, stat) == 0 && stat.start_time == record.start_time;
  // A zero is also what readers without the right to trace the process are told.
  if (zombie && stat.exit_code > 0) {
    status = stat.exit_code;
    return true;
  }
  struct pollfd reaped{pidfd, 0, 0};
  poll(&reaped, 1, patience);
  return status_of_reaped(pidfd, status);
}

} // namespace

int wait_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  const Record &record = *invocation.context.record;
  constexpr int signal_base = 128;
  Fd pidfd;
  int err = open_identified(record.pid, record.start_time, pidfd);
  if (err != 0 && err != ESRCH) return invocation.fail(SystemCall{.what = Str::of("open the process"), .errno_ = ErrnoText(err)});
  int status = 0;
  bool known = false;
  if (err == 0) {
    for (;;) {
      struct pollfd waiting[] = {{pidfd.get(), POLLIN, 0}, {invocation.signals.descriptor(), POLLIN, 0}};
      if (poll(waiting, 2, -1) < 0) continue;
      if (waiting[0].revents != 0) break;
      if (int stop = invocation.signals.pending_stop(); stop != 0) return signal_base + stop;
      invocation.signals.take();
    }
    known = find_status(record, pidfd.get(), status);
  }
  TextOf<32> text;
  if (!known) text.add("unknown");
  else text.add_signed(WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status));
  return print(invocation, text.add_char('\n').str());
}

} // namespace veloci

// wait: until the container's first process has ended, and with what status.
#include "executor/process/exit_status.h"
#include "process/process.h"
#include "launcher/door/ending.h"
#include "launcher/call/invocation.h"
#include <poll.h>
#include <signal.h>

namespace veloci {

using namespace diagnostic;

int wait_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Record &record = *invocation.context.record;
  Fd pidfd;
  int err = open_identified(record.pid, record.start_time, pidfd);
  if (err != 0 && err != ESRCH)
    return invocation.fail(SystemCall{.what = what::open_process, .errno_ = ErrnoText(err)});
  int code = 0;
  // Somebody else has seen it.
  bool known = err != 0 && record_has_exit(record, code);
  if (err == 0) {
    OomWitness &witness = invocation.context.witness;
    witness.look(record);
    for (;;) {
      struct pollfd waiting[] = {
          {pidfd.get(), POLLIN, 0},
          {invocation.signals.descriptor(), POLLIN, 0},
          {witness.descriptor(), POLLPRI, 0},
      };
      if (poll(waiting, 3, -1) < 0) continue;
      if (waiting[2].revents != 0) witness.look(record);
      if (waiting[0].revents != 0) break;
      if (int stop = invocation.signals.pending_stop(); stop != 0) return signal_base + stop;
      invocation.signals.take();
    }
    known = find_exit_code(record, pidfd.get(), code);
  }
  Ending ending;
  if (known) {
    explain_end(invocation, nullptr, code, ending);
    record_exit(record, code, ending.reason);
  } else if (err == 0) {
    // Linux before 6.15 gives the code to the parent alone; that memory has run out can be seen.
    explain_end(invocation, nullptr, signal_base + SIGKILL, ending);
    record_reason(record, ending.reason);
  }
  keep_end(record, err == 0);
  if (invocation.arguments.on(cli::Flag::json)) return print_exit_record(invocation);
  TextOf<32> text;
  if (!known)
    text.add("unknown");
  else
    text.add_signed(code);
  return print(invocation, text.add_char('\n').str());
}

} // namespace veloci

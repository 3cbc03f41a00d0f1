#include "executor/process/channel.h"
#include "executor/cgroup/cgroup.h"
#include "executor/cgroup/freezer.h"
#include "executor/cgroup/membership.h"
#include "process/process.h"
#include "base/sys.h"
#include <sys/wait.h>

namespace veloci {

namespace {

// Stager or init, whichever it is that we wait for.
const Child &awaited(const Context &context) { return context.init.pid > 0 ? context.init : context.stager; }

const char *name_of_awaited(const Context &context) {
  if (context.init.pid <= 0) return "the stager";
  return context.joins() ? "the process that joins the container" : "the container's init";
}

// Says in the failure's detail how stager or init ended.
void explain_death(Context &context) {
  const Child &child = awaited(context);
  if (child.pid <= 0) return;
  Text &words = context.failure.detail.words().add(name_of_awaited(context));
  Fd pidfd(sys::pidfd_open(child.pid, 0));
  if (pidfd.valid() && await_readable(pidfd.get(), context.signals, wait_limit) != 0) {
    words.add(" hangs in the kernel on its way out");
    return;
  }
  siginfo_t info = {};
  if (waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT | __WALL) != 0) {
    words.clear();
    return;
  }
  if (info.si_code != CLD_EXITED && context.joins()) context.failure.interference = PlanFailure::Interference::killed;
  if (info.si_code == CLD_EXITED)
    words.add(" exited with status ").add_signed(info.si_status);
  else
    words.add(" was killed by signal ").add_signed(info.si_status);
  bool killed = info.si_code != CLD_EXITED && info.si_status == SIGKILL;
  if (killed && context.record != nullptr) context.failure.out_of_memory = has_run_out_of_memory(context);
}

} // namespace

bool has_run_out_of_memory(Context &context) {
  return context.witness.look(*context.record) || out_of_memory_recorded(*context.record);
}

bool take_reported_failure(Context &context) {
  if (context.report == nullptr || record_stage(*context.report) != Stage::failed) return false;
  const RecordFailure &reported = context.report->failure;
  PlanFailure &failure = context.failure;
  failure.reported = true;
  failure.program = static_cast<ProgramName>(reported.program < program_name_count ? reported.program : 0);
  failure.index = reported.index;
  failure.step = reported.step;
  failure.err = reported.err;
  failure.kind = static_cast<FailureKind>(reported.kind);
  uint32_t size = reported.detail_size < sizeof reported.detail ? reported.detail_size : 0;
  failure.detail.take(reported.detail, size);
  name_refused_cgroup(context);
  return true;
}

// Waits for a message or the end. What somebody has stopped is given up after a while: it might never go on. So is what
// joins a container and does nothing at all, unless that is paused: the container may have frozen it. And an init that
// hangs in the kernel for much longer than a mount over a network takes.
static int await_progress(Context &context) {
  constexpr int slice = 1000;
  const int idle_limit = (context.joins() ? 3 : 12) * wait_limit;
  uint64_t worked = UINT64_MAX;
  for (int halted = 0, idle = 0;;) {
    int err = await_readable(context.socket.get(), context.signals, slice);
    if (err != ETIMEDOUT) return err;
    ProcessStat stat;
    if (read_process_stat(awaited(context).pid, stat) != 0) continue;
    halted = stat.stopped() ? halted + slice : 0;
    bool works = stat.state == 'R' || stat.cpu_time != worked || (!context.joins() && stat.state != 'D');
    if (!works && context.joins() && read_frozen(*context.record, works) != 0) works = true;
    idle = works ? 0 : idle + slice;
    worked = stat.cpu_time;
    if (halted < wait_limit && idle < idle_limit) continue;
    context.failure.interference = PlanFailure::Interference::halted;
    context.failure.detail.clear();
    Text &words = context.failure.detail.words().add(name_of_awaited(context));
    words.add(halted >= wait_limit ? " was stopped"
              : context.joins()    ? " is frozen, or hangs in the kernel"
                                   : " hangs in the kernel");
    return ETIMEDOUT;
  }
}

int await_message(Context &context, MessageType type, uint8_t point, Message &message, Fd &fd) {
  if (int err = await_progress(context); err != 0) return err;
  switch (receive_message(context.socket.get(), message, fd)) {
  case Received::error: return errno;
  case Received::end:
    if (take_reported_failure(context)) return ECANCELED;
    // The end that execve made is no death: the program may run for long.
    if (context.report == nullptr || record_stage(*context.report) != Stage::executing) explain_death(context);
    return EPIPE;
  case Received::message: break;
  }
  if (message.kind() == MessageType::fail) {
    PlanFailure &failure = context.failure;
    failure.reported = true;
    failure.program = static_cast<ProgramName>(message.program < program_name_count ? message.program : 0);
    failure.index = message.index;
    failure.step = message.step;
    failure.err = message.err;
    failure.detail.take(message.detail, message.detail_size);
    name_refused_cgroup(context);
    // The page knows more about an execve.
    if (context.report != nullptr && record_stage(*context.report) == Stage::failed) {
      failure.kind = static_cast<FailureKind>(context.report->failure.kind);
    }
    return ECANCELED;
  }
  if (message.kind() == type && (type == MessageType::pid || message.point == point)) return 0;
  return EPROTO;
}

int send_to_container(Context &context, const MessageHeader &header, int fd) {
  if (send_message(context.socket.get(), header, {}, fd)) return 0;
  int err = errno;
  if (err != EPIPE && err != ECONNRESET) return err;
  // It has ended, and may have said why before.
  Message message;
  Fd unused;
  int why = await_message(context, MessageType::fail, 0, message, unused);
  return why == EPROTO || why == 0 ? err : why;
}

bool await_execution(Context &context) {
  Message message;
  Fd fd;
  int err = await_message(context, MessageType::sync, 0xff, message, fd);
  PlanFailure &failure = context.failure;
  if (err == EPIPE && record_stage(*context.report) == Stage::executing) {
    failure.detail.clear();
    return true;
  }
  if (failure.reported) return false;
  failure.program = ProgramName::init;
  failure.err = err == 0 ? EPROTO : err;
  return false;
}

} // namespace veloci

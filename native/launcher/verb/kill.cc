#include "launcher/container/members.h"
#include "launcher/container/removal.h"
#include "launcher/line/signal_name.h"
#include "launcher/door/stored.h"
#include <signal.h>

namespace veloci {

using namespace diagnostic;

namespace {

bool has_members(const Record &record) {
  Members members;
  return members.collect(record, false) == 0 && members.count() > 0;
}

} // namespace

int kill_command(Invocation &invocation) {
  Str text = invocation.arguments.operand_count() > 1 ? invocation.arguments.operand(1) : Str::of("TERM");
  Str suggestion;
  int signal = parse_signal(text, suggestion);
  if (signal < 0) return invocation.fail(SignalUnknown{.signal = text, .suggestion = suggestion});
  // No lock: a stop must not wait for another command.
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  context.signal = signal;
  context.signal_all = invocation.arguments.on(cli::Flag::all);
  Status status = container_status(*context.record);
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  // Without a pid namespace of its own a container may outlive its init.
  if (status == Status::stopped && signal == SIGKILL && has_members(*context.record)) context.signal_all = true;
  if (status == Status::stopped && !context.signal_all) {
    return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  }
  StoredPlan stored;
  // The record is enough for it where the plan is lost, or another version's that cannot be made anew.
  bool planned = try_stored_plan(invocation, stored) == 0;
  int err = 0;
  if (!planned)
    err = signal_recorded(context, Deadline(ending_milliseconds));
  else if (!run_program(context, ProgramName::kill))
    err = context.failure.err;
  if (err == 0) return 0;
  if (err == ESRCH) {
    // It has ended meanwhile; with --all there may have been no process left at all.
    if (context.signal_all) return 0;
    return invocation.fail(NotRunning{.id = context.id, .status = Str::of("stopped")});
  }
  if (planned) return explain_stored_failure(invocation, stored);
  return invocation.fail(SystemCall{.what = what::send_signal, .errno_ = ErrnoText(err)});
}

} // namespace veloci

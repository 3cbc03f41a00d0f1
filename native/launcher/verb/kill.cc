#include "launcher/verb/removal.h"
#include "launcher/door/stored.h"
#include "launcher/line/signal_name.h"
#include "record/ending.h"

namespace veloci {

using namespace diagnostic;

// Whom the signal reaches is said by the plan (src/plan/concern/life.ts), or by the record where the plan is lost, or
// another version's that cannot be made anew.
int kill_command(Invocation &invocation) {
  Str text = invocation.arguments.operand_count() > 1 ? invocation.arguments.operand(1) : Str::of("TERM");
  Str suggestion;
  int signal = parse_signal(text, suggestion);
  if (signal < 0) return invocation.fail(SignalUnknown{.signal = text, .suggestion = suggestion});
  // No lock: a stop must not wait for another command.
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  context.signal = signal;
  context.signal_all = invocation.arguments.on(cli::Flag::all);
  context.ended = status == Status::stopped;
  if (!context.ended) record_sender(*context.record, Sender::kill, signal);
  StoredPlan stored;
  bool planned = try_stored_plan(invocation, stored) == 0;
  int err = 0;
  if (!planned)
    err = signal_recorded(context, Deadline(ending_milliseconds));
  else if (!run_program(context, ProgramName::kill))
    err = context.failure.err;
  // With --all there may have been no process left at all.
  if (err == 0 || (err == ESRCH && context.signal_all)) return 0;
  if (err == ESRCH) return invocation.fail(NotRunning{.id = context.id, .status = Str::of("stopped")});
  if (planned) return explain_stored_failure(invocation, stored);
  return invocation.fail(SystemCall{.what = what::send_signal, .errno_ = ErrnoText(err)});
}

} // namespace veloci

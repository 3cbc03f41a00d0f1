#include "launcher/call/invocation.h"
#include "executor/log/style.h"
#include "executor/process/exit_status.h"
#include "process/process.h"
#include "file/files.h"
#include "executor/state/record_wait.h"
#include "executor/state/state.h"
#include "launcher/container/root.h"

namespace veloci {

using namespace diagnostic;

int Invocation::open_root(bool create) {
  context.id = arguments.operand(0);
  if (const char *why = id_fault(context.id)) return fail(IdInvalid{.id = context.id, .why = Str::of(why)});
  root_path = veloci::root_path(arguments.text(cli::Flag::root), root_memory);
  int err = veloci::open_root(root_path, create, root, log);
  if (err == ENOENT && !create) return fail(ContainerMissing{.id = context.id, .root = root_path});
  if (err != 0) return failure_code;
  context.root = root.get();
  context.log = &log;
  return 0;
}

int Invocation::open_container() {
  if (int code = open_root(false); code != 0) return code;
  // A container that runs would be taken for one that has ended.
  if (int err = procfs_fault(); err != 0) return fail(ProcMissing{.errno_ = ErrnoText(err)});
  int err = open_state(context);
  if (err == ENOENT) return fail(ContainerMissing{.id = context.id, .root = root_path});
  if (err != 0) return fail(SystemCall{.what = what::open_state, .errno_ = ErrnoText(err)});
  return 0;
}

int Invocation::open_recorded() {
  if (int code = open_container(); code != 0) return code;
  RecordWait wait;
  int err = 0;
  do err = map_record(context);
  while ((err == EBADMSG || err == ENOENT) && wait.again(context.state.get()));
  if (err == EBADMSG || err == ENOENT) err = RecordWait::meaning(context.state.get());
  if (err == EINPROGRESS) return fail(StillCreating{.id = context.id});
  if (err == ENOENT) return fail(ContainerMissing{.id = context.id, .root = root_path});
  if (err == EROFS) return fail(diagnostic::StateWrite{.path = Str::of("record"), .errno_ = ErrnoText(err)});
  return err == 0 ? 0 : fail_kept(err, "its record cannot be read");
}

int Invocation::read_status(Status &status) {
  int err = container_status(*context.record, status);
  return err == 0 ? 0 : fail(SystemCall{.what = what::read_status, .errno_ = ErrnoText(err)});
}

int Invocation::fail_kept(int err, const char *damage) {
  if (is_own_lack(err)) return fail(SystemCall{.what = what::read_kept, .errno_ = ErrnoText(err)});
  return fail(StateDamaged{.id = context.id, .what = Str::of(damage)});
}

int Invocation::fail_call(Str what, int err) { return fail(SystemCall{.what = what, .errno_ = ErrnoText(err)}); }

int Invocation::lock(uint32_t seconds) {
  int err = lock_state(context, seconds * 1000, &signals);
  if (err == 0) return 0;
  if (err == EINTR) return interrupted();
  if (err == ENOENT) return fail(ContainerMissing{.id = context.id, .root = root_path});
  if (err == EWOULDBLOCK) return fail(StateBusy{.id = context.id, .seconds = NumberText(seconds)});
  return fail(SystemCall{.what = what::lock_state, .errno_ = ErrnoText(err)});
}

int Invocation::interrupted() {
  NumberText signal(signals.pending_stop());
  if (context.process_remains) return fail(InterruptedRemains{.signal = signal});
  return fail(CommandInterrupted{.signal = signal});
}

bool ended_meanwhile(const Context &context) {
  const PlanFailure &failure = context.failure;
  // What the program itself is to blame for, and a signal for us, are so all the same.
  bool explained = failure.reported && failure.kind != FailureKind::operation;
  return !explained && failure.err != EINTR && is_ending(context.record->pid, context.record->start_time);
}

int print(Invocation &invocation, Str text) {
  // A pager reads when its user wants to.
  int err = write_within(STDOUT_FILENO, text, -1);
  if (err == EINTR) return invocation.interrupted();
  // A reader that has seen enough, such as head(1), is no failure: as if SIGPIPE had ended us.
  if (err == EPIPE) return signal_base + SIGPIPE;
  return err == 0 ? 0 : invocation.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

int print_styled(Invocation &invocation, Str text) {
  Style style = style_of(STDOUT_FILENO);
  style.width = prose_width(style);
  Buffer memory;
  if (!memory.reserve(styled_size(text))) return invocation.fail(OutputFailed{.errno_ = ErrnoText(errno)});
  Text out(reinterpret_cast<char *>(memory.data()), memory.capacity());
  add_styled(out, text, style);
  return print(invocation, out.str());
}

} // namespace veloci

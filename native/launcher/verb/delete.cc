#include "process/process.h"
#include "executor/state/state.h"
#include "launcher/container/lost.h"
#include "launcher/verb/removal.h"
#include "launcher/container/root.h"
#include "launcher/door/stored.h"
#include "base/sys.h"
#include "record/ending.h"
#include <signal.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t time_limit = 10;      // seconds
constexpr uint32_t force_time_limit = 2; // seconds

// delete --force on a container whose other command does not end: kills the container first, then whoever holds the
// lock, by the identity that /proc/locks knows.
int lock_by_force(Invocation &invocation) {
  Context &context = invocation.context;
  int err = lock_state(context, force_time_limit * 1000);
  if (err != EWOULDBLOCK) return err;
  if (map_record(context) == 0) {
    Fd pidfd;
    if (open_identified(context.record->pid, context.record->start_time, pidfd) == 0) {
      sys::pidfd_send_signal(pidfd.get(), SIGKILL);
    }
  }
  kill_lock_holder(context.state.get());
  return lock_state(context, force_time_limit * 1000);
}

// By the record alone: what only the plan knows is left out.
int remove_unplanned(Invocation &invocation) {
  show(invocation.log, PoststopSkipped{.id = invocation.context.id});
  return remove_recorded(invocation);
}

// Without a record all that can be found is ended. What nothing names stays, and so does the state directory.
int delete_lost(Invocation &invocation, StoredPlan &stored) {
  Context &context = invocation.context;
  bool planned = try_stored_plan(invocation, stored) == 0, whole = false;
  if (int err = recover_record(context, whole); err != 0) {
    return invocation.fail(SystemCall{.what = what::make_record, .errno_ = ErrnoText(err)});
  }
  if (int code = end_recorded(invocation); code != 0) return code;
  if (!whole) return invocation.fail(StateLost{.id = context.id, .root = invocation.root_path});
  if (planned && run_program(context, ProgramName::delete_)) return 0;
  return remove_recorded(invocation);
}

int delete_stopped(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  Context &context = invocation.context;
  // Whoever was creating it would hold the lock: it has died.
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  // runtime.md, Delete: whatever is not stopped stays as it is. Engines that want it gone say --force.
  bool refused = status == Status::created && !invocation.arguments.habits().deletes_created;
  if (refused || status == Status::running || status == Status::paused) {
    constexpr int dying_milliseconds = 10000;
    const Record &record = *context.record;
    if (!await_if_killed(record.pid, record.start_time, dying_milliseconds))
      return invocation.fail(DeleteRunning{.id = context.id, .status = status_name(status)});
  }
  if (status == Status::creating) return remove_recorded(invocation);
  StoredPlan stored;
  int unplanned = try_stored_plan(invocation, stored);
  // Its hooks must not be lost for that.
  if (is_own_lack(unplanned)) return invocation.fail_kept(unplanned, nullptr);
  if (unplanned != 0) return remove_unplanned(invocation);
  if (run_program(context, ProgramName::delete_)) return 0;
  return explain_stored_failure(invocation, stored);
}

int delete_by_force(Invocation &invocation) {
  Context &context = invocation.context;
  context.id = invocation.arguments.operand(0);
  if (const char *why = id_fault(context.id)) return invocation.fail(IdInvalid{.id = context.id, .why = Str::of(why)});
  invocation.root_path = root_path(invocation.arguments.text(cli::Flag::root), invocation.root_memory);
  int err = open_root(invocation.root_path, false, invocation.root, invocation.log);
  if (err == ENOENT) return 0;
  if (err != 0) return invocation.failure_code;
  context.root = invocation.root.get();
  context.log = &invocation.log;
  err = open_state(context);
  if (err == 0) err = lock_by_force(invocation);
  if (err == ENOENT) return 0;
  if (int fault = procfs_fault(); err == 0 && fault != 0)
    return invocation.fail(ProcMissing{.errno_ = ErrnoText(fault)});
  if (err == EWOULDBLOCK)
    return invocation.fail(StateBusy{.id = context.id, .seconds = NumberText(2 * force_time_limit)});
  if (err != 0) return invocation.fail(SystemCall{.what = what::lock_state, .errno_ = ErrnoText(err)});
  const Deadline ending(ending_milliseconds);
  context.ending = &ending;
  StoredPlan stored;
  if (context.record == nullptr && map_record(context) != 0) return delete_lost(invocation, stored);
  // For those who wait for its end.
  record_sender(*context.record, Sender::delete_, SIGKILL);
  // The plan ends with the removal of the state directory; what it could not do is tried by the record.
  bool creating = record_stage(*context.record) == Stage::creating;
  if (!creating && try_stored_plan(invocation, stored) == 0 && run_program(context, ProgramName::delete_)) return 0;
  return remove_recorded(invocation);
}

} // namespace

int delete_command(Invocation &invocation) {
  return invocation.arguments.on(cli::Flag::force) ? delete_by_force(invocation) : delete_stopped(invocation);
}

} // namespace veloci

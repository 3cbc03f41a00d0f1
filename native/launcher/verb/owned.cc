#include "launcher/verb/owned.h"
#include "executor/state/state.h"
#include "launcher/call/foreground.h"
#include "launcher/call/notify.h"
#include "launcher/door/ending.h"
#include "launcher/door/timing.h"
#include "base/sys.h"
#include "process/process.h"
#include <sys/wait.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t lock_limit = 10000; // milliseconds
// Where layer.mount has left its descriptors (src/plan/draft.ts).
constexpr int layer_slot = 9, view_slot = 10;

class OwnedLife {
public:
  OwnedLife(Invocation &invocation, Launch &launch, Owner &owner)
      : invocation_(invocation), context_(invocation.context), launch_(launch), owner_(owner) {}

  int run() {
    owner_.hand_over_console(context_.console);
    owner_.hand_over_layer(context_.slots[layer_slot], context_.slots[view_slot]);
    owner_.leave_streams();
    owner_.note(ControlEvent::created, context_.record->pid);
    // Other commands may work on the container from here on.
    unlock_state(context_);
    switch (await_start()) {
    case Next::leave: return 0;
    case Next::remove: return remove(true);
    case Next::stay: return stay();
    case Next::start: break;
    }
    if (int code = start(); code != 0) return code;
    return stay();
  }

private:
  enum class Next : uint8_t { start, stay, leave, remove };

  Next await_start() {
    Wish wish;
    int signal = 0;
    while (owner_.await(invocation_.signals, context_.init.pidfd.get(), wish, signal)) {
      if (wish == Wish::start) return Next::start;
      if (wish == Wish::remove) return Next::remove;
      if (wish == Wish::gone) return owner_.detached() ? Next::leave : Next::remove;
      sys::pidfd_send_signal(context_.init.pidfd.get(), signal);
    }
    return Signals::pending_stop() != 0 ? Next::remove : Next::stay;
  }

  // 0, or the exit code with the error shown and the container removed.
  int start() {
    int err = lock_state(context_, lock_limit, &invocation_.signals);
    if (err != 0) {
      remove(true);
      return invocation_.fail(SystemCall{.what = what::lock_state, .errno_ = ErrnoText(err)});
    }
    // Another command has started it meanwhile.
    if (record_stage(*context_.record) != Stage::created) {
      unlock_state(context_);
      owner_.note(ControlEvent::started, context_.record->pid);
      return 0;
    }
    note_moment(invocation_, Phase::start);
    int code = notify_.open(invocation_);
    if (code == 0 && run_program(context_, ProgramName::start)) {
      note_moment(invocation_, Phase::started);
      unlock_state(context_);
      owner_.note(ControlEvent::started, context_.record->pid);
      return 0;
    }
    // Its end is told like every other.
    if (code == 0 && !context_.failure.reported && is_killed()) {
      unlock_state(context_);
      return 0;
    }
    if (code == 0) code = explain_failure(invocation_, launch_.request, EngineVerb::recompile);
    remove(false);
    return code;
  }

  // Whether a signal has ended init, as the owner's may have.
  bool is_killed() const {
    constexpr int dying = 1000; // milliseconds
    siginfo_t info = {};
    return pidfd_wait(context_.init.pidfd.get(), dying) &&
           waitid(P_PID, static_cast<id_t>(context_.init.pid), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
           info.si_pid != 0 && info.si_code != CLD_EXITED;
  }

  int stay() {
    int code = stay_with_init(invocation_, &notify_, &owner_);
    if (context_.init.pid > 0) return 0;
    context_.exit_code = code;
    Ending ending;
    explain_end(invocation_, &launch_.request, code, ending);
    record_exit(*context_.record, code, ending.reason);
    owner_.note_end(ending.reason);
    Wish wish;
    int signal = 0;
    // A detached one is left as `run --detach` leaves it; of an owner's wishes the removal is the only one that matters
    // now.
    while (!owner_.removes_ended() && !owner_.detached() && !owner_.gone()) {
      if (!owner_.await(invocation_.signals, -1, wish, signal)) return code;
    }
    if (owner_.removes_ended() || !owner_.detached()) remove(true);
    return code;
  }

  // Kills what runs, and deletes the container by its stored plan. 0, or the exit code with the error shown.
  int remove(bool locks) {
    context_.signals = nullptr;
    int err = locks ? lock_state(context_, lock_limit) : 0;
    // Somebody else has deleted it.
    if (err == ENOENT) return 0;
    if (err != 0) return invocation_.fail(SystemCall{.what = what::lock_state, .errno_ = ErrnoText(err)});
    context_.failure.reported = false;
    return run_program(context_, ProgramName::delete_)
               ? 0
               : explain_failure(invocation_, launch_.request, EngineVerb::recompile);
  }

  Invocation &invocation_;
  Context &context_;
  Launch &launch_;
  Owner &owner_;
  NotifyProxy notify_;
};

} // namespace

int run_owned(Invocation &invocation, Launch &launch, Owner &owner) {
  return OwnedLife(invocation, launch, owner).run();
}

} // namespace veloci

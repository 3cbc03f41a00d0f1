#include "executor/process/exit_status.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/call/foreground.h"
#include "launcher/door/learning.h"
#include "launcher/door/ending.h"
#include "launcher/door/launch.h"
#include "launcher/door/timing.h"
#include "launcher/call/notify.h"
#include "launcher/verb/owned.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

// Deletes the container by its stored plan, which is the context's plan; a signal that asks us to stop is no reason not
// to.
bool remove(Context &context) {
  context.signals = nullptr;
  context.failure.reported = false;
  return run_program(context, ProgramName::delete_);
}

// The file of --timeline, before anything is done. 0 or the exit code, with the error shown.
int open_timeline(Invocation &invocation, Fd &file) {
  Str path = invocation.arguments.text(cli::Flag::timeline);
  if (path.empty()) return 0;
  file.reset(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
  return file.valid() ? 0 : invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(errno)});
}

} // namespace

int stay_and_delete(Invocation &invocation, Launch &launch, NotifyProxy *notify) {
  Context &context = invocation.context;
  // The other commands may work on the container while it runs.
  unlock_state(context);
  // From now on signals are for the container.
  int code = stay_with_init(invocation, notify);
  context.exit_code = code;
  Ending ending;
  explain_end(invocation, &launch.request, code, ending);
  record_exit(*context.record, code, ending.reason);
  // Nobody asks for what is deleted.
  if (invocation.arguments.on(cli::Flag::keep)) keep_end(*context.record, true);
  constexpr uint32_t time_limit = 10000; // milliseconds
  // ENOENT: somebody else has deleted it.
  bool ours = !invocation.arguments.on(cli::Flag::keep) && lock_state(context, time_limit) == 0;
  if (ours && !remove(context)) explain_failure(invocation, launch.request, EngineVerb::recompile);
  return code;
}

int run_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  bool detach = arguments.on(cli::Flag::detach);
  if (!detach && !arguments.on(cli::Flag::no_subreaper)) become_subreaper();
  Fd timeline;
  if (int code = open_timeline(invocation, timeline); code != 0) return code;
  Launch launch;
  Learning learning;
  if (int code = learning.begin(invocation); code != 0) return code;
  Owner owner;
  owner.open(arguments);
  launch.starts = !owner.present();
  invocation.context.console_goes_on = owner.present();
  if (int code = launch_container(invocation, launch, EngineVerb::run); code != 0) return code;
  if (int code = adopt_launch(invocation, launch); code != 0) return code;
  if (owner.present()) return run_owned(invocation, launch, owner);
  Context &context = invocation.context;
  NotifyProxy notify;
  note_moment(invocation, Phase::start);
  if (int code = notify.open(invocation); code != 0 || !run_program(context, ProgramName::start)) {
    if (code == 0) {
      int killed = killed_before_start(context);
      code = explain_failure(invocation, launch.request, EngineVerb::recompile);
      if (killed != 0) code = killed;
    }
    remove(context);
    return code;
  }
  note_moment(invocation, Phase::started);
  remember_launch(invocation, launch);
  if (timeline.valid()) show_timeline(invocation, launch.request, timeline.get());
  if (detach) return notify.await_ready(invocation);
  int code = stay_and_delete(invocation, launch, &notify);
  learning.finish(invocation, launch.request);
  return code;
}

} // namespace veloci

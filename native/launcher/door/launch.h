// create, run and restore: from the bundle to a container.
#pragma once
#include "launcher/call/bundle.h"
#include "launcher/door/plan_cache.h"

namespace veloci {

class NotifyProxy;

// A container that is being made; must live until the command is done.
struct Launch {
  // The processes come from CRIU's images: no stager, and the plan's program is `restore`.
  bool restoring = false;
  // run: its program is started as soon as the container is there.
  bool starts = false;
  // The planner is started when no remembered plan was found.
  bool late = false;
  Bundle bundle;
  Request request;
  Engine engine;
  Response response;
  PlanCache cache;
};

// Creates the container of the command line. 0, or the exit code with the error shown and everything undone.
// The context's undo stack still holds everything: `commit_launch` or undo.
int launch_container(Invocation &invocation, Launch &launch, EngineVerb verb);

// Keeps the plan for the next start like this one. Nobody waits for the container any more.
void remember_launch(Invocation &invocation, Launch &launch);

// Everything has worked: nothing is undone any more.
void commit_launch(Invocation &invocation);

// The same for run and restore, which go on with the stored plan: it becomes the context's. 0, or the exit code with
// the error shown and everything undone.
int adopt_launch(Invocation &invocation, const Launch &launch);

// The foreground part of run and restore, after `adopt_launch`: stays with init until it ends, then deletes the
// container unless --keep was given. `notify` may be null. Returns the exit code of the container.
int stay_and_delete(Invocation &invocation, Launch &launch, NotifyProxy *notify = nullptr);

// --preserve-fds and LISTEN_FDS: their number in the context; one that is not open is passed over. 0 or the exit code.
int take_preserved(Invocation &invocation);

} // namespace veloci

#include "launcher/running/change.h"
#include "base/directory.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

// What the later verbs go by from now on. It is written before anything is changed, and put in its place when all is.
class Successor {
public:
  int prepare(const Context &context, const Response &response) {
    int dir = context.state.get(), step = 0;
    Str text = response.config.value;
    int err =
        config_.prepare(dir, state_name::config, {reinterpret_cast<const uint8_t *>(text.data), text.size}, 0600, step);
    if (err != 0) return err;
    name_ = state_name::plan;
    return plan_.prepare(dir, state_name::plan, response.stored.value, 0600, step);
  }
  int commit() {
    int step = 0;
    if (int err = plan_.commit(step); err != 0) return err;
    name_ = state_name::config;
    return config_.commit(step);
  }
  int fail(Invocation &invocation, int err) const {
    return invocation.fail(diagnostic::StateWrite{.path = Str::of(name_), .errno_ = ErrnoText(err)});
  }

private:
  const char *name_ = state_name::config;
  Replacement config_, plan_;
};

bool goes_inside(const Context &context) {
  Program program;
  return context.plan.find(ProgramName::exec, program);
}

// The process that comes into the container's namespaces. 0 or the exit code, with the error shown.
int start_inside(Invocation &invocation) {
  Context &context = invocation.context;
  if (int err = make_report(context); err != 0)
    return invocation.fail(SystemCall{.what = what::make_report, .errno_ = ErrnoText(err)});
  Outcome spawned = spawn_stager(context);
  return spawned.ok() ? 0 : invocation.fail(SystemCall{.what = what::start_init, .errno_ = ErrnoText(spawned.err)});
}

bool run_both(Context &context) {
  return run_program(context, ProgramName::update) && run_program(context, ProgramName::exec);
}

// Takes back by another plan what was done inside the container: its processes have ended, and only the engine knows
// what was there before.
void take_back(Invocation &invocation, Bytes plan) {
  Context &context = invocation.context;
  const char *what = nullptr;
  context.signals = nullptr;
  context.failure = {};
  if (!use_plan(context, plan, &what)) return;
  if (!goes_inside(context) || start_inside(invocation) == 0) run_both(context);
  end_children(context);
  context.undo.drop();
}

// Asks why a change has failed, and does what the answer says to take it back. False: nobody knows.
bool ask_back(Invocation &invocation, const Request &request, EngineVerb verb, Advice &advice) {
  auto &[engine, response] = advice;
  if (engine.start(verb) != 0 || !engine.send(request, verb, &invocation.context.failure)) return false;
  if (engine.await(invocation, response) != 0) return false;
  if (response.plan) take_back(invocation, response.plan.value);
  return !response.error.empty();
}

// Says why, and what was done inside is taken back. Returns the exit code.
int explain_change(Invocation &invocation, const Request &request, EngineVerb verb) {
  Context &context = invocation.context;
  bool inside = goes_inside(context), interrupted = context.failure.err == EINTR && !context.failure.reported;
  Advice advice;
  if (!inside || !ask_back(invocation, request, verb, advice)) return explain_failure(invocation, request, verb);
  if (interrupted) return invocation.interrupted();
  show_response(invocation, advice.response);
  return invocation.failure_code;
}

// What was kept of programs that came from the configuration before (exec).
void forget_memos(const Context &context) {
  int dir = context.state.get();
  lseek(dir, 0, SEEK_SET);
  for_each_entry(dir, [&](const char *name) {
    if (is_exec_memo(name)) unlinkat(dir, name, 0);
  });
}

} // namespace

int run_change(Invocation &invocation, const Request &request, EngineVerb verb, const Response &response) {
  Context &context = invocation.context;
  const char *what = nullptr;
  if (!use_plan(context, response.plan.value, &what)) return invocation.fail(PlanInvalid{.what = Str::of(what)});
  Successor kept;
  if (int failed = kept.prepare(context, response); failed != 0) return kept.fail(invocation, failed);
  bool inside = goes_inside(context);
  int code = inside ? start_inside(invocation) : 0;
  if (code != 0 || !run_both(context)) {
    context.undo.run(context);
    return code != 0 ? code : explain_change(invocation, request, verb);
  }
  if (inside) end_children(context);
  if (int failed = kept.commit(); failed != 0) {
    context.undo.run(context);
    // Behind the last operation.
    context.failure.program = ProgramName::exec;
    context.failure.index = UINT32_MAX;
    Advice advice;
    if (inside) ask_back(invocation, request, verb, advice);
    return kept.fail(invocation, failed);
  }
  context.undo.drop();
  if (verb == EngineVerb::apply) forget_memos(context);
  return 0;
}

} // namespace veloci

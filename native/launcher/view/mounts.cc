// mounts: changes the mounts of a running container, by a process that enters its namespaces.
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/call/bundle.h"
#include "launcher/door/request.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::mounts;

// Asks the engine for the plan and starts the stager. 0 or the exit code, with the error shown.
int make_plan(Invocation &invocation, Request &request, Engine &engine, Response &response) {
  Context &context = invocation.context;
  if (int err = engine.start(verb); err != 0) return invocation.fail_call(what::start_planner, err);
  int err = read_file(context.state.get(), state_name::config, config_size_max, O_NOFOLLOW, request.config);
  if (err != 0) return invocation.fail_kept(err, "its config.json cannot be read");
  err = request.build(invocation, Str{}, invocation.arguments.operand(2), false);
  if (err != 0) return invocation.fail_call(what::describe_host, err);
  if (!engine.send(request, verb, nullptr)) return invocation.fail_call(what::ask_planner, errno);
  if (Outcome spawned = spawn_stager(context); !spawned.ok()) {
    return invocation.fail_call(what::start_init, spawned.err);
  }
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty() || !response.plan) return show_response(invocation, response);
  const char *what = nullptr;
  if (use_plan(context, response.plan.value, &what)) return 0;
  return invocation.fail(PlanInvalid{.what = Str::of(what)});
}

} // namespace

int mounts_command(Invocation &invocation) {
  Arguments &arguments = invocation.arguments;
  Str action = arguments.operand(0);
  if (action != Str::of("add") && action != Str::of("remove")) {
    return invocation.fail(FlagValue{.value = action, .flag = Str::of("mounts"), .expected = Str::of("add or remove")});
  }
  // The id is the first operand everywhere.
  arguments.swap_operands(0, 1);
  if (int code = invocation.open_recorded(); code != 0) return code;
  constexpr uint32_t time_limit = 10;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::stopped || status == Status::creating) {
    return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  }
  Request request;
  Engine engine;
  Response response;
  if (int code = read_given(invocation, arguments.operand(2), request.process); code != 0) return code;
  context.signals = &invocation.signals;
  if (int err = make_report(context); err != 0) return invocation.fail_call(what::make_report, err);
  int code = make_plan(invocation, request, engine, response);
  bool done = code == 0 && run_program(context, ProgramName::exec);
  // Ends and reaps the processes that were needed; the mounts stay.
  context.undo.run(context);
  if (code != 0 || done) return code;
  if (ended_meanwhile(context)) return invocation.fail(ContainerEnded{.id = context.id});
  return explain_failure(invocation, request, verb);
}

} // namespace veloci

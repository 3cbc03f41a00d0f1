#include "executor/state/store.h"
#include "launcher/door/stored.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t time_limit = 10; // seconds
constexpr EngineVerb verb = EngineVerb::checkpoint;

int check_status(Invocation &invocation) {
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::running || status == Status::paused) return 0;
  return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
}

// Deletes the container, whose processes the dump has ended.
int remove(Invocation &invocation) {
  StoredPlan stored;
  if (int code = open_stored_plan(invocation, stored); code != 0) return code;
  if (run_program(invocation.context, ProgramName::delete_)) return 0;
  return explain_stored_failure(invocation, stored);
}

} // namespace

int checkpoint_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  // Before anything is opened: the number must be the caller's.
  int64_t status_fd = arguments.number(cli::Flag::status_fd);
  if (arguments.has(cli::Flag::status_fd) && status_fd >= 0 && fcntl(static_cast<int>(status_fd), F_GETFD) < 0) {
    return invocation.fail(StatusFdClosed{.fd = NumberText(status_fd)});
  }
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  if (int code = check_status(invocation); code != 0) return code;
  Context &context = invocation.context;
  Engine engine;
  if (int err = engine.start(verb); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  Request request;
  int err = restore_request(invocation, request);
  if (err != 0) return invocation.fail_kept(err, "its kept request or config.json cannot be read");
  request.add_flags(arguments);
  if (!engine.send(request, verb, nullptr)) {
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
  Response response;
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty() || !response.plan) return show_response(invocation, response);
  const char *what = nullptr;
  if (!use_plan(context, response.plan.value, &what)) return invocation.fail(PlanInvalid{.what = Str::of(what)});
  // Not to be interrupted: whoever stops CRIU at a dump leaves its traces in the container's processes.
  if (!run_program(context, ProgramName::checkpoint)) {
    context.undo.run(context);
    return explain_failure(invocation, request, verb);
  }
  context.undo.drop();
  if (arguments.on(cli::Flag::leave_running) || arguments.on(cli::Flag::pre_dump)) return 0;
  return remove(invocation);
}

} // namespace veloci

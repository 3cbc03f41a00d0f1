#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/container/bundle.h"
#include "launcher/door/stored.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t patience = 10; // seconds
constexpr EngineVerb verb = EngineVerb::update;

// The resources of --resources; nothing without it.
int read_resources(Invocation &invocation, Buffer &resources) {
  Str path = invocation.arguments.text(cli::Flag::resources);
  if (path.empty()) return 0;
  if (!(path == Str::of("-"))) return read_given(invocation, path, resources);
  int err = read_all(STDIN_FILENO, config_size_max, resources, &invocation.signals);
  if (err == EINTR) return invocation.interrupted();
  return err == 0 ? 0 : invocation.fail(SystemCall{.what = what::read_resources, .errno_ = ErrnoText(err)});
}

// What the later verbs go by from now on.
int keep(Invocation &invocation, const Response &response) {
  Context &context = invocation.context;
  int step = 0;
  const char *name = state_name::config;
  Str config = response.config.value;
  Bytes bytes{reinterpret_cast<const uint8_t *>(config.data), config.size};
  int err = replace_file(context.state.get(), name, bytes, 0600, step);
  if (err == 0) {
    name = state_name::plan;
    err = store_plan(context, name, response.stored.value);
  }
  if (err == 0) return 0;
  return invocation.fail(diagnostic::StateWrite{.path = Str::of(name), .id = context.id, .errno_ = ErrnoText(err)});
}

} // namespace

int update_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  context.signals = &invocation.signals;
  Engine engine;
  if (int err = engine.start(); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  Request request;
  if (int code = read_resources(invocation, request.process); code != 0) return code;
  if (int code = invocation.lock(patience); code != 0) return code;
  Status status = container_status(*context.record);
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  if (status == Status::stopped) return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  int err = restore_request(invocation, request);
  if (err != 0)
    return invocation.fail(
        StateDamaged{.id = context.id, .what = Str::of("its kept request or config.json cannot be read")});
  request.add_flags(invocation.arguments);
  if (!engine.send(request, verb, nullptr)) {
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
  Response response;
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  invocation.log.warnings(response.warnings);
  if (!response.plan || !response.stored || !response.config) return print(invocation, response.text);
  const char *what = nullptr;
  if (!use_plan(context, response.plan.value, &what)) return invocation.fail(PlanInvalid{.what = Str::of(what)});
  if (run_program(context, ProgramName::update)) {
    context.undo.drop();
    return keep(invocation, response);
  }
  context.undo.run(context);
  return explain_failure(invocation, request, verb);
}

} // namespace veloci

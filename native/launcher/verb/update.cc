#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/call/bundle.h"
#include "launcher/door/stored.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr uint32_t time_limit = 10; // seconds
constexpr EngineVerb verb = EngineVerb::update;

// The resources of --resources; nothing without it.
int read_resources(Invocation &invocation, Buffer &resources) {
  Str path = invocation.arguments.text(cli::Flag::resources);
  if (path.empty()) return 0;
  if (!(path == Str::of("-"))) return read_given(invocation, path, resources);
  return answer_read(invocation, Str::of("standard input"),
                     read_all(STDIN_FILENO, config_size_max, resources, &invocation.signals));
}

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

} // namespace

int update_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  context.signals = &invocation.signals;
  Engine engine;
  if (int err = engine.start(verb); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  Request request;
  if (int code = read_resources(invocation, request.process); code != 0) return code;
  if (int code = invocation.lock(time_limit); code != 0) return code;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  if (status == Status::stopped) return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  int err = restore_request(invocation, request);
  if (err != 0) return invocation.fail_kept(err, "its kept request or config.json cannot be read");
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
  Successor kept;
  if (int failed = kept.prepare(context, response); failed != 0) return kept.fail(invocation, failed);
  if (!run_program(context, ProgramName::update)) {
    context.undo.run(context);
    return explain_failure(invocation, request, verb);
  }
  if (int failed = kept.commit(); failed != 0) {
    context.undo.run(context);
    return kept.fail(invocation, failed);
  }
  context.undo.drop();
  return 0;
}

} // namespace veloci

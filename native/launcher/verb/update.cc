#include "launcher/call/bundle.h"
#include "launcher/running/change.h"
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
  return run_change(invocation, request, verb, response);
}

} // namespace veloci

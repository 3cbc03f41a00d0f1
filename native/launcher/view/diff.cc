// diff: what a container is, compared with what its configuration says.
#include "executor/state/store.h"
#include "launcher/call/bundle.h"
#include "launcher/running/observation.h"
#include "launcher/door/stored.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::diff;

} // namespace

int diff_command(Invocation &invocation) {
  if (invocation.arguments.on(cli::Flag::applied) && invocation.arguments.on(cli::Flag::declared))
    return invocation.fail(FlagsExclude{.flag = Str::of("applied"), .other = Str::of("declared")});
  if (int code = invocation.open_recorded(); code != 0) return code;
  Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  bool needs_process = !invocation.arguments.on(cli::Flag::declared);
  if (status == Status::stopped && needs_process)
    return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  Request request;
  if (int err = restore_request(invocation, request); err != 0)
    return invocation.fail_kept(err, "its kept request or config.json cannot be read");
  request.add_flags(invocation.arguments);
  request.process = static_cast<Buffer &&>(request.config);
  // First the engine says which configuration to read, then what to look at.
  for (;;) {
    Engine engine;
    Response response;
    if (int code = engine.ask(invocation, request, verb, response); code != 0) return code;
    if (response.files.size() == 0 || !response.error.empty()) {
      if (int code = print_styled(invocation, response.text); code != 0) return code;
      return show_response(invocation, response);
    }
    if (int code = read_asked(invocation, response.files, status, request); code != 0) return code;
  }
}

} // namespace veloci

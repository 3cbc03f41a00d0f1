// validate, plan, features: the engine's text.
#include "launcher/bundle.h"
#include "launcher/request.h"

namespace veloci {

using namespace diagnostic;

namespace {

const char *engine_verb(cli::Command command) {
  switch (command) {
  case cli::Command::validate: return "validate";
  case cli::Command::plan: return "plan";
  default: return "features";
  }
}

} // namespace

int text_command(Invocation &invocation) {
  Engine engine;
  Request request;
  Bundle bundle;
  if (int err = engine.start(); err != 0) {
    return invocation.fail(SystemCall{.what = Str::of("start the planner"), .errno_ = ErrnoText(err)});
  }
  cli::Command command = invocation.arguments.command()->command;
  if (command != cli::Command::features) {
    if (int code = read_bundle(invocation, bundle, request.config); code != 0) return code;
  }
  if (int err = request.build(invocation, bundle.path.str(), bundle.config_name, false); err != 0) {
    return invocation.fail(SystemCall{.what = Str::of("describe the host"), .errno_ = ErrnoText(err)});
  }
  Response response;
  if (!engine.send(request, engine_verb(command), nullptr)) {
    return invocation.fail(SystemCall{.what = Str::of("ask the planner"), .errno_ = ErrnoText(errno)});
  }
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (int code = print(invocation, response.text); code != 0) return code;
  return show_response(invocation, response);
}

} // namespace veloci

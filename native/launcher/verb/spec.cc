#include "launcher/door/request.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

int spec_command(Invocation &invocation) {
  Engine engine;
  Request request;
  Response response;
  if (int err = engine.start(EngineVerb::spec); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  Str given = invocation.arguments.text(cli::Flag::bundle);
  if (given.empty()) given = Str::of(".");
  Str name = invocation.arguments.text(cli::Flag::file);
  if (name.empty()) name = Str::of("config.json");
  Fd directory(open(given.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return invocation.fail(BundleMissing{.path = given, .errno_ = ErrnoText(errno)});
  if (int err = request.build(invocation, Str{}, Str{}, false); err != 0) {
    return invocation.fail(SystemCall{.what = what::describe_host, .errno_ = ErrnoText(err)});
  }
  if (!engine.send(request, EngineVerb::spec, nullptr)) {
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  Bytes text{reinterpret_cast<const uint8_t *>(response.text.data), response.text.size};
  int err = create_file(directory.get(), name.c_str(), text, 0644);
  if (err == EEXIST || err == ELOOP) return invocation.fail(SpecExists{.path = name});
  if (err != 0) return invocation.fail(ResourceFile{.path = name, .errno_ = ErrnoText(err)});
  return 0;
}

} // namespace veloci

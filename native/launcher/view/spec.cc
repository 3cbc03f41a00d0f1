// spec: writes a configuration to begin with; fmt, merge and migrate print one in another form.
#include "base/io.h"
#include "launcher/call/bundle.h"
#include "launcher/door/request.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

// Puts a text in the place of a configuration, which keeps its owner and mode; a symbolic link stays one.
int replace_config(Invocation &invocation, Str name, Bytes text) {
  Str given = invocation.arguments.text(cli::Flag::bundle);
  if (given.empty()) given = Str::of(".");
  Fd directory(open(given.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd file(openat(directory.get(), name.c_str(), O_PATH | O_CLOEXEC));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0) {
    return invocation.fail(ResourceFile{.path = name, .errno_ = ErrnoText(errno)});
  }
  TextOf<64> link;
  link.add("/proc/self/fd/").add_signed(file.get());
  char path[4096];
  ssize_t size = readlink(link.c_str(), path, sizeof path - 1);
  if (size <= 0 || path[0] != '/') return invocation.fail(ProcMissing{.errno_ = ErrnoText(errno)});
  path[size] = 0;
  int step;
  Replacement replacement;
  int err = replacement.prepare(AT_FDCWD, path, text, 0600, step, &status);
  if (err == 0) err = replacement.commit(step);
  return err == 0 ? 0 : invocation.fail(ResourceFile{.path = name, .errno_ = ErrnoText(err)});
}

// fmt, merge, migrate.
int edit(Invocation &invocation, Str action) {
  const Arguments &arguments = invocation.arguments;
  bool merge = action == Str::of("merge");
  if (!merge && action != Str::of("fmt") && action != Str::of("migrate")) {
    return invocation.fail(
        FlagValue{.value = action, .flag = Str::of("spec"), .expected = Str::of("fmt, merge or migrate")});
  }
  if (arguments.operand_count() != (merge ? 3u : 1u)) {
    return invocation.fail(FlagValue{.value = action,
                                     .flag = Str::of("spec"),
                                     .expected = Str::of(merge ? "followed by BASE and PATCH" : "without operands")});
  }
  Engine engine;
  Request request;
  Response response;
  if (int err = engine.start(EngineVerb::spec); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  Bundle bundle;
  if (merge) {
    bundle.config_name = arguments.operand(1);
    if (int code = read_given(invocation, bundle.config_name, request.config); code != 0) return code;
    if (int code = read_given(invocation, arguments.operand(2), request.process); code != 0) return code;
  } else if (arguments.text(cli::Flag::file) == Str::of("-")) {
    if (arguments.on(cli::Flag::write)) {
      return invocation.fail(
          FlagValue{.value = Str::of("-"), .flag = Str::of("file"), .expected = Str::of("a file, with --write")});
    }
    bundle.config_name = Str::of("standard input");
    int err = read_all(STDIN_FILENO, config_size_max, request.config, &invocation.signals);
    if (int code = answer_read(invocation, bundle.config_name, err); code != 0) return code;
  } else if (int code = read_bundle(invocation, bundle, request.config, arguments.text(cli::Flag::file)); code != 0) {
    return code;
  }
  if (int err = request.build(invocation, Str{}, bundle.config_name, false); err != 0) {
    return invocation.fail(SystemCall{.what = what::describe_host, .errno_ = ErrnoText(err)});
  }
  if (!engine.send(request, EngineVerb::spec, nullptr)) {
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  Bytes text{reinterpret_cast<const uint8_t *>(response.text.data), response.text.size};
  if (arguments.on(cli::Flag::write) && !arguments.on(cli::Flag::check)) {
    bool same = request.config.str() == response.text;
    return same ? 0 : replace_config(invocation, bundle.config_name, text);
  }
  // What has changed; the text itself is for a file.
  write_all(STDERR_FILENO, response.explained.data, response.explained.size);
  if (int code = print(invocation, response.text); code != 0) return code;
  return response.exit_code;
}

// The configuration of an image, where one is given. Names of models have neither a point nor a slash.
int read_model(Invocation &invocation, Request &request) {
  Str model = invocation.arguments.text(cli::Flag::from);
  bool is_stream = model == Str::of("-");
  if (!is_stream && strpbrk(model.c_str(), "./") == nullptr) return 0;
  if (!is_stream) return read_given(invocation, model, request.process);
  return answer_read(invocation, Str::of("standard input"),
                     read_all(STDIN_FILENO, config_size_max, request.process, &invocation.signals));
}

} // namespace

int spec_command(Invocation &invocation) {
  if (invocation.arguments.operand_count() > 0) return edit(invocation, invocation.arguments.operand(0));
  Engine engine;
  Request request;
  Response response;
  if (int err = engine.start(EngineVerb::spec); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  if (int code = read_model(invocation, request); code != 0) return code;
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

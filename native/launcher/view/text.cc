// validate, plan, explain, features, doctor: the engine's text.
#include "launcher/call/bundle.h"
#include "launcher/door/saved.h"
#include "launcher/door/stored.h"
#include "host/probes.h"
#include "embedded/embedded.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

EngineVerb engine_verb(cli::Command command) {
  switch (command) {
  case cli::Command::validate: return EngineVerb::validate;
  case cli::Command::plan: return EngineVerb::plan;
  case cli::Command::explain: return EngineVerb::explain;
  case cli::Command::doctor: return EngineVerb::doctor;
  default: return EngineVerb::features;
  }
}

// What the host can do, as the text that the engine judges. 0 or the exit code.
int probe_host(Invocation &invocation, Buffer &probes) {
  constexpr size_t size = 64 * 1024;
  if (!probes.reserve(size)) return invocation.fail(SystemCall{.what = what::probe_host, .errno_ = ErrnoText(errno)});
  JsonWriter json(reinterpret_cast<char *>(probes.data()), size);
  {
    ProbesWriter writer(json);
    host_probes(writer);
  }
  probes.set_size(json.text().size);
  return 0;
}

// A bundle, or a file: a configuration, which lies in its bundle, or a saved plan. 0 or the exit code.
int read_subject(Invocation &invocation, Str path, Bundle &bundle, Buffer &config) {
  struct stat status;
  bool is_directory = stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  Str name = invocation.arguments.text(cli::Flag::config);
  if (is_directory) return read_bundle_in(invocation, path, bundle, config, name);
  if (int code = read_given(invocation, path, config); code != 0) return code;
  bundle.config_name = path;
  TextOf<4096> folder;
  const char *slash = static_cast<const char *>(memrchr(path.data, '/', path.size));
  if (slash == nullptr)
    folder.add_char('.');
  else
    folder.add(path.data, slash == path.data ? 1 : static_cast<size_t>(slash - path.data));
  return find_bundle(invocation, folder.str(), bundle);
}

// The second of two plans that are compared. 0 or the exit code.
int add_second(Invocation &invocation, Request &request) {
  Bundle bundle;
  Str path = invocation.arguments.operand(1);
  if (int code = read_subject(invocation, path, bundle, request.process); code != 0) return code;
  // Both may be called config.json.
  TextOf<2 * 4096> name;
  if (!(bundle.config_name == path) && !(path == Str::of("."))) name.add(path).add_char('/');
  name.add(bundle.config_name);
  int err = request.note_members(1024 + 6 * (bundle.path.size() + name.size()), [&](JsonWriter &json) {
    RequestWriter(json).other().bundle(bundle.path.str()).config_name(name.str());
    return 0;
  });
  return err == 0 ? 0 : invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(err)});
}

// What plan asks with besides. 0 or the exit code.
int complete_plan(Invocation &invocation, Request &request) {
  const Arguments &arguments = invocation.arguments;
  Str out = arguments.text(cli::Flag::out);
  if (arguments.operand_count() > 1) return add_second(invocation, request);
  return out.empty() ? 0 : note_occasion(invocation, request, out, false);
}

// Writes what was saved, for its owner alone. 0 or the exit code.
int write_saved(Invocation &invocation, const Response &response) {
  Str path = invocation.arguments.text(cli::Flag::out);
  if (!response.config) return 0;
  Str text = response.config.value;
  int step = 0;
  int err = replace_file(AT_FDCWD, path.c_str(), {reinterpret_cast<const uint8_t *>(text.data), text.size}, 0600, step);
  return err == 0 ? 0 : invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(err)});
}

// What a command reads: the bundle's configuration, the texts to explain, nothing. 0 or the exit code.
int read_input(Invocation &invocation, cli::Command command, Bundle &bundle, Buffer &config) {
  switch (command) {
  case cli::Command::features: return 0;
  case cli::Command::doctor: return probe_host(invocation, config);
  case cli::Command::explain:
    if (!config.reserve(veloci_explain_size)) {
      return invocation.fail(SystemCall{.what = what::read_texts, .errno_ = ErrnoText(errno)});
    }
    __builtin_memcpy(config.data(), veloci_explain, veloci_explain_size);
    config.set_size(veloci_explain_size);
    return 0;
  case cli::Command::plan:
    if (invocation.arguments.operand_count() == 0) break;
    return read_subject(invocation, invocation.arguments.operand(0), bundle, config);
  default: break;
  }
  return read_bundle(invocation, bundle, config);
}

// The text of a request and what comes with it. 0 or the exit code.
int ask(Invocation &invocation, cli::Command command, Request &request) {
  Bundle bundle;
  if (int code = read_input(invocation, command, bundle, request.config); code != 0) return code;
  if (int err = request.build(invocation, bundle.path.str(), bundle.config_name, false); err != 0) {
    return invocation.fail(SystemCall{.what = what::describe_host, .errno_ = ErrnoText(err)});
  }
  return command == cli::Command::plan ? complete_plan(invocation, request) : 0;
}

} // namespace

int text_command(Invocation &invocation) {
  Engine engine;
  Request request;
  cli::Command command = invocation.arguments.command()->command;
  EngineVerb verb = engine_verb(command);
  if (int err = engine.start(verb); err != 0) {
    return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
  }
  if (int code = ask(invocation, command, request); code != 0) return code;
  Response response;
  if (!engine.send(request, verb, nullptr)) {
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
  if (int code = engine.await(invocation, response); code != 0) return code;
  // A planner answers once; another one judges what was seen of the files that the first has named.
  Engine judge;
  if (response.files.size() > 0) {
    int err = request.note_files(response.files);
    if (err == 0) err = judge.start(verb);
    if (err == 0 && !judge.send(request, verb, nullptr)) err = errno;
    if (err != 0) return invocation.fail(SystemCall{.what = what::look_at_files, .errno_ = ErrnoText(err)});
    if (int code = judge.await(invocation, response); code != 0) return code;
  }
  if (int code = write_saved(invocation, response); code != 0) return code;
  if (int code = print_styled(invocation, response.text); code != 0) return code;
  return show_response(invocation, response);
}

} // namespace veloci

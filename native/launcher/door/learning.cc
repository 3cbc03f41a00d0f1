#include "launcher/door/learning.h"
#include "launcher/door/audit.h"
#include "launcher/call/bundle.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t capabilities_max = 32 * 1024;
constexpr size_t paths_max = 4 << 20;

void add_values(StringListWriter list, const LearnedValues &values) {
  for (uint32_t i = 0; i < values.count; i++) {
    TextOf<24> text;
    list.add(text.add_number(values.values[i]).str());
  }
}

void add_calls(ListWriter<LearnedCallWriter> list, const LearnedTable &table) {
  for (const LearnedCall &call : table.calls) {
    const char *architecture = nullptr;
    char *name = call.count == 0 ? nullptr : name_of_call(call.arch, call.number, architecture);
    // A number that no call has: the kernel says ENOSYS.
    if (name == nullptr) continue;
    LearnedCallWriter out = list.next();
    out.architecture(Str::of(architecture)).name(Str::of(name)).count(static_cast<int64_t>(call.count));
    if (!call.arguments[0].many) add_values(out.first(), call.arguments[0]);
    if (!call.arguments[1].many) add_values(out.second(), call.arguments[1]);
    free(name);
  }
}

void add_paths(LearnedPathsWriter out, const LearnedPaths &paths, Str before) {
  out.errno_(paths.error).foreign(paths.foreign).nameless(paths.nameless);
  out.before(before);
  ListWriter<LearnedPathWriter> list = out.used();
  for (const LearnedPath &path : paths.paths) {
    if (path.used) list.next().path({paths.text + path.offset, path.size}).rights(path.rights).changed(path.changed);
  }
}

// With what an earlier run has written of capabilities and paths.
int note_seen(Request &request, const Learner &learner, const Fd &capabilities, const Fd &paths) {
  const LearnedTable &table = learner.table();
  size_t size = 320 * 1024;
  Buffer before, paths_before;
  if (capabilities.valid()) {
    if (int err = read_all(capabilities.get(), capabilities_max, before); err != 0) return err;
  }
  if (paths.valid()) {
    if (int err = read_all(paths.get(), paths_max, paths_before); err != 0) return err;
    constexpr size_t each = 64; // around a text
    size += 2 * paths_before.str().size + 2 * learner.paths()->text_size;
    for (const LearnedPath &path : learner.paths()->paths) size += path.used ? each : 0;
  }
  return request.note_members(size, [&](JsonWriter &json) {
    RequestWriter members(json);
    LearnedWriter learned = members.learned();
    add_calls(learned.calls(), table);
    if (capabilities.valid()) {
      LearnedCapabilitiesWriter used = learned.capabilities();
      used.errno_(table.capability_error);
      used.used(static_cast<uint32_t>(table.capabilities), static_cast<uint32_t>(table.capabilities >> 32));
      used.before(before.str());
    }
    if (paths.valid()) add_paths(learned.paths(), *learner.paths(), paths_before.str());
    return 0;
  });
}

int open_result(Invocation &invocation, Str path, Fd &file) {
  file.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
  if (file.valid()) return 0;
  return invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(errno)});
}

int write_result(Invocation &invocation, Str path, const Fd &file, Str content) {
  Bytes text{reinterpret_cast<const uint8_t *>(content.data), content.size};
  bool empty = lseek(file.get(), 0, SEEK_SET) == 0 && ftruncate(file.get(), 0) == 0;
  int err = empty ? write_all(file.get(), text) : errno;
  if (err == 0) return 0;
  return invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(err)});
}

} // namespace

int Learning::begin(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  Str path = arguments.text(cli::Flag::learn);
  Str capabilities = arguments.text(cli::Flag::learn_capabilities);
  Str paths = arguments.text(cli::Flag::learn_paths);
  if (path.empty() && !capabilities.empty())
    return invocation.fail(FlagNeeds{.flag = Str::of("learn-capabilities"), .other = Str::of("learn")});
  if (path.empty() && !paths.empty())
    return invocation.fail(FlagNeeds{.flag = Str::of("learn-paths"), .other = Str::of("learn")});
  if (path.empty()) return 0;
  if (arguments.on(cli::Flag::detach))
    return invocation.fail(FlagsExclude{.flag = Str::of("learn"), .other = Str::of("detach")});
  if (int code = open_result(invocation, path, file_); code != 0) return code;
  if (!capabilities.empty()) {
    if (int code = open_result(invocation, capabilities, capabilities_); code != 0) return code;
  }
  if (!paths.empty()) {
    if (int code = open_result(invocation, paths, paths_); code != 0) return code;
  }
  int err = learner_.start(capabilities_.valid(), paths_.valid());
  if (err != 0) return invocation.fail(SystemCall{.what = what::start_learner, .errno_ = ErrnoText(err)});
  invocation.context.learner = learner_.socket().get();
  return 0;
}

int Learning::finish(Invocation &invocation, Request &request) {
  if (!wanted()) return 0;
  constexpr int longest = 3000; // milliseconds
  if (!learner_.await(longest)) return invocation.fail(LearnRunning{});
  int err = note_seen(request, learner_, capabilities_, paths_);
  if (err == 0) err = read_all(file_.get(), config_size_max, request.process, nullptr);
  Engine engine;
  Response response;
  if (err == 0) err = engine.start(EngineVerb::learned);
  if (err == 0 && !engine.send(request, EngineVerb::learned, nullptr)) err = errno;
  if (err != 0) return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(err)});
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  const Arguments &arguments = invocation.arguments;
  if (int code = write_result(invocation, arguments.text(cli::Flag::learn), file_, response.text); code != 0)
    return code;
  if (response.config) {
    Str path = arguments.text(cli::Flag::learn_capabilities);
    if (int code = write_result(invocation, path, capabilities_, response.config.value); code != 0) return code;
  }
  if (response.stored) {
    Bytes text = response.stored.value;
    Str content = {reinterpret_cast<const char *>(text.data), static_cast<uint32_t>(text.size)};
    if (int code = write_result(invocation, arguments.text(cli::Flag::learn_paths), paths_, content); code != 0)
      return code;
  }
  invocation.log.warnings(response.warnings);
  return 0;
}

} // namespace veloci

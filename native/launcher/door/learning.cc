#include "launcher/door/learning.h"
#include "launcher/door/audit.h"
#include "launcher/call/bundle.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace veloci {

using namespace diagnostic;

namespace {

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

int note_calls(Request &request, const LearnedTable &table) {
  constexpr size_t size = 256 * 1024;
  return request.note_members(size, [&](JsonWriter &json) {
    RequestWriter members(json);
    add_calls(members.learned().calls(), table);
    return 0;
  });
}

} // namespace

int Learning::begin(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  Str path = arguments.text(cli::Flag::learn);
  if (path.empty()) return 0;
  if (arguments.on(cli::Flag::detach))
    return invocation.fail(FlagsExclude{.flag = Str::of("learn"), .other = Str::of("detach")});
  file_.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
  if (!file_.valid()) return invocation.fail(ResourceFile{.path = path, .errno_ = ErrnoText(errno)});
  int err = learner_.start();
  if (err != 0) return invocation.fail(SystemCall{.what = what::start_learner, .errno_ = ErrnoText(err)});
  invocation.context.learner = learner_.socket().get();
  return 0;
}

int Learning::finish(Invocation &invocation, Request &request) {
  if (!wanted()) return 0;
  constexpr int longest = 3000; // milliseconds
  if (!learner_.await(longest)) return invocation.fail(LearnRunning{});
  int err = note_calls(request, learner_.table());
  if (err == 0) err = read_all(file_.get(), config_size_max, request.process, nullptr);
  Engine engine;
  Response response;
  if (err == 0) err = engine.start(EngineVerb::learned);
  if (err == 0 && !engine.send(request, EngineVerb::learned, nullptr)) err = errno;
  if (err != 0) return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(err)});
  if (int code = engine.await(invocation, response); code != 0) return code;
  if (!response.error.empty()) return show_response(invocation, response);
  Bytes text{reinterpret_cast<const uint8_t *>(response.text.data), response.text.size};
  bool written = lseek(file_.get(), 0, SEEK_SET) == 0 && ftruncate(file_.get(), 0) == 0;
  err = written ? write_all(file_.get(), text) : errno;
  if (err != 0)
    return invocation.fail(ResourceFile{.path = invocation.arguments.text(cli::Flag::learn), .errno_ = ErrnoText(err)});
  invocation.log.warnings(response.warnings);
  return 0;
}

} // namespace veloci

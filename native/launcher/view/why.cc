// why: how a container has ended, or why it did not start.
#include "executor/process/channel.h"
#include "launcher/container/end.h"
#include "launcher/door/ending.h"
#include "launcher/door/stored.h"
#include "process/process.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::why;

// What a log ends in; nothing of what is no regular file.
void read_tail(Str path, Buffer &out) {
  constexpr off_t most = 8192;
  // A place for an empty answer, which is one, too.
  if (!out.reserve(most + 1)) return;
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  off_t begin = status.st_size > most ? status.st_size - most : 0;
  ssize_t size = pread(file.get(), out.data(), most, begin);
  if (size <= 0) return;
  out.set_size(static_cast<size_t>(size));
  if (begin == 0) return;
  // The first line is cut.
  const void *end = memchr(out.data(), '\n', out.size());
  size_t cut = end == nullptr ? out.size() : static_cast<size_t>(static_cast<const uint8_t *>(end) - out.data()) + 1;
  __builtin_memmove(out.data(), out.data() + cut, out.size() - cut);
  out.set_size(out.size() - cut);
}

// What is known, for the request. 0 or an errno.
int note_facts(Invocation &invocation, Request &request, Status status) {
  Context &context = invocation.context;
  keep_end(*context.record, false);
  context.report = context.record;
  if (status == Status::stopped && take_reported_failure(context)) {
    if (int err = request.note_first(context.failure); err != 0) return err;
  }
  return request.note_members(end_size_max, [&](JsonWriter &json) {
    RequestWriter members(json);
    members.status(status_name(status));
    write_exit(members.exit(), *context.record);
    return 0;
  });
}

} // namespace

int why_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = invocation.context.id});
  Request request;
  if (int err = restore_request(invocation, request); err != 0)
    return invocation.fail_kept(err, "its kept request or config.json cannot be read");
  request.add_flags(invocation.arguments);
  if (int err = note_facts(invocation, request, status); err != 0)
    return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(err)});
  for (;;) {
    Engine engine;
    Response response;
    if (int err = engine.start(verb); err != 0)
      return invocation.fail(SystemCall{.what = what::start_planner, .errno_ = ErrnoText(err)});
    if (!engine.send(request, verb, nullptr))
      return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
    if (int code = engine.await(invocation, response); code != 0) return code;
    if (response.files.size() == 0 || request.live.capacity() != 0) {
      if (int code = print_styled(invocation, response.text); code != 0) return code;
      return show_response(invocation, response);
    }
    read_tail((*response.files.begin()).path, request.live);
  }
}

} // namespace veloci

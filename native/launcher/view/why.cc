// why: how a container has ended, or why it did not start.
#include "executor/process/channel.h"
#include "launcher/call/tail.h"
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

// What is known, for the request. 0 or an errno.
int note_facts(Invocation &invocation, Request &request, Status status) {
  Context &context = invocation.context;
  keep_end(*context.record, false);
  // Of a call that was answered with an errno it has a record, too, where the profile asks for one.
  if (status == Status::stopped) keep_refused_call(*context.record);
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
    if (int code = engine.ask(invocation, request, verb, response); code != 0) return code;
    if (response.files.size() == 0 || request.live.capacity() != 0) {
      if (int code = print_styled(invocation, response.text); code != 0) return code;
      return show_response(invocation, response);
    }
    constexpr size_t most = 8192;
    // An empty line stands for a log that is empty, or cannot be read: without bytes the engine would ask again.
    int err = read_tail((*response.files.begin()).path, most, request.live);
    if ((err != 0 || request.live.size() == 0) && !request.live.add("\n", 1))
      return invocation.fail(SystemCall{.what = what::ask_planner, .errno_ = ErrnoText(errno)});
  }
}

} // namespace veloci

#include "launcher/door/ending.h"
#include "executor/process/channel.h"
#include "executor/process/exit_status.h"
#include "launcher/door/stored.h"
#include <signal.h>

namespace veloci {

namespace {

// 0, or it cannot be said why.
int ask(Invocation &invocation, Request &request, int code, bool out_of_memory, Ending &ending) {
  request.note_end(code, out_of_memory);
  if (int err = ending.engine.start(EngineVerb::ended); err != 0) return err;
  if (!ending.engine.send(request, EngineVerb::ended, nullptr)) return errno;
  invocation.log.mute(true);
  int failed = ending.engine.await(invocation, ending.response);
  invocation.log.mute(false);
  return failed;
}

} // namespace

void explain_end(Invocation &invocation, Request *request, int code, Ending &ending) {
  constexpr int bad_system_call = signal_base + SIGSYS;
  if (code == 0) return;
  const Record &record = *invocation.context.record;
  bool out_of_memory =
      record_end_reason(record) == EndReason::out_of_memory || has_run_out_of_memory(invocation.context);
  if (!out_of_memory && code != bad_system_call) return;
  Request kept;
  if (request == nullptr) {
    if (restore_request(invocation, kept) != 0) return;
    kept.add_flags(invocation.arguments);
    request = &kept;
  }
  if (ask(invocation, *request, code, out_of_memory, ending) != 0 || ending.response.code.empty()) return;
  ending.reason = out_of_memory ? EndReason::out_of_memory : EndReason::seccomp;
  ending.keys = ending.response.keys;
  invocation.log.warnings(ending.response.warnings);
}

} // namespace veloci

#include "launcher/door/stored.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "launcher/call/bundle.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb renew_verb = EngineVerb::recompile;

int outdated(Invocation &invocation, const char *what) {
  return invocation.fail(PlanOutdated{.id = invocation.context.id, .what = Str::of(what)});
}

int renew(Invocation &invocation, StoredPlan &stored) {
  Context &context = invocation.context;
  if (int err = restore_request(invocation, stored.request); err != 0) {
    if (is_own_lack(err)) return invocation.fail_kept(err, nullptr);
    return outdated(invocation, "the kept request or config.json cannot be read");
  }
  if (stored.engine.start(renew_verb) != 0 || !stored.engine.send(stored.request, renew_verb, nullptr)) {
    return outdated(invocation, "the planner cannot be started");
  }
  if (int code = stored.engine.await(invocation, stored.response); code != 0) return code;
  if (!stored.response.stored) {
    if (!stored.response.error.empty()) return show_response(invocation, stored.response);
    return outdated(invocation, "the engine gave none");
  }
  const char *what = nullptr;
  Bytes plan = stored.response.stored.value;
  if (!use_plan(context, plan, &what)) return invocation.fail(PlanInvalid{.what = Str::of(what)});
  // Where it can't be written it is made again the next time.
  store_plan(context, state_name::plan, plan);
  return 0;
}

} // namespace

int restore_request(Invocation &invocation, Request &request) {
  int dir = invocation.context.state.get();
  Buffer text;
  if (int err = read_file(dir, state_name::request, config_size_max, O_NOFOLLOW, text); err != 0) return err;
  if (int err = read_file(dir, state_name::config, config_size_max, O_NOFOLLOW, request.config); err != 0) return err;
  return request.restore(text);
}

int open_stored_plan(Invocation &invocation, StoredPlan &stored) {
  if (load_plan(invocation.context, state_name::plan, stored.memory) == 0) return 0;
  return renew(invocation, stored);
}

int try_stored_plan(Invocation &invocation, StoredPlan &stored) {
  Context &context = invocation.context;
  if (load_plan(context, state_name::plan, stored.memory) == 0) return 0;
  if (int err = restore_request(invocation, stored.request); err != 0) return err;
  if (int err = stored.engine.start(renew_verb); err != 0) return err;
  if (!stored.engine.send(stored.request, renew_verb, nullptr)) return ECHILD;
  invocation.log.mute(true);
  int code = stored.engine.await(invocation, stored.response);
  invocation.log.mute(false);
  const char *what = nullptr;
  if (code != 0 || !stored.response.stored) return EPROTO;
  Bytes plan = stored.response.stored.value;
  if (!use_plan(context, plan, &what)) return EPROTO;
  store_plan(context, state_name::plan, plan);
  return 0;
}

int explain_stored_failure(Invocation &invocation, StoredPlan &stored) {
  // When the plan was renewed just now, the request is there already.
  if (stored.request.rest().empty()) restore_request(invocation, stored.request);
  return explain_failure(invocation, stored.request, renew_verb);
}

} // namespace veloci

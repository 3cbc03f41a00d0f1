#include "launcher/door/memo.h"
#include "executor/seccomp/filter_cache.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "host/sha256.h"
#include "launcher/call/bundle.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr EngineVerb verb = EngineVerb::exec;

// Name of the memo: what the plan depends on, besides the container.
int memo_name(Invocation &invocation, const ExecPlan &plan, Text &name) {
  const Arguments &arguments = invocation.arguments;
  Bytes process = plan.request.process.bytes();
  size_t size = process.size + 4096;
  for (const GivenFlag &given : arguments) size += given.text.size + 64;
  for (uint32_t i = 0; i < arguments.operand_count(); i++) size += arguments.operand(i).size + 1;
  Buffer memory;
  if (!memory.reserve(size)) return errno;
  Text text(reinterpret_cast<char *>(memory.data()), size);
  // Every part ends in a NUL, which none can contain.
  auto part = [&](Str value) { text.add(value).add_char(0); };
  part(Str::of(plan_schema_hash_text));
  part(Str::of("v1"));
  // Under another name it may be another plan; the own one is not named, so that what is kept stays good.
  if (arguments.habits().is_peer) part(Str::of(arguments.habits().name));
  text.add_number(invocation.context.preserve).add_char(0);
  // What a user may not do is another plan.
  text.add_number(geteuid()).add_char(0);
  for (const GivenFlag &given : arguments) {
    if (!given.spec->changes_exec_plan) continue;
    part(Str::of(given.spec->name));
    if (given.spec->kind == cli::Kind::boolean)
      part(Str::of(given.on ? "1" : "0"));
    else
      part(given.text);
  }
  part(Str::of("--"));
  for (uint32_t i = 1; i < arguments.operand_count(); i++) part(arguments.operand(i));
  text.add(reinterpret_cast<const char *>(process.data), process.size);
  char hex[Sha256::hex_size + 1];
  sha256_hex(Bytes{memory.data(), text.size()}, hex);
  name.add(state_name::exec_prefix).add(hex);
  return 0;
}

// Completes the request: bundle and configuration are those of the container.
int complete_request(Invocation &invocation, ExecPlan &plan) {
  Context &context = invocation.context;
  if (plan.asked) return 0;
  int err = read_file(context.state.get(), state_name::config, config_size_max, O_NOFOLLOW, plan.request.config);
  if (err != 0) {
    return invocation.fail_kept(err, "its config.json cannot be read");
  }
  Str name = invocation.arguments.text(cli::Flag::process);
  err = plan.request.build(invocation, Str{}, name.empty() ? Str::of("process") : name, true);
  if (err != 0) return invocation.fail_call(what::describe_host, err);
  plan.asked = true;
  return 0;
}

// A kept plan names its seccomp filter; the cache may have dropped that since.
bool has_filters(const Context &context) {
  Program program;
  if (!context.plan.find(ProgramName::exec, program)) return false;
  for (const OpRecord &record : program) {
    if (record.code != code::filter_open) continue;
    Reader reader(record.body);
    FilterOpen op;
    if (!read(reader, op) || (!op.program && !filter_cached(context.root, op.hash))) return false;
  }
  return true;
}

} // namespace

int open_exec_plan(Invocation &invocation, ExecPlan &plan) {
  Context &context = invocation.context;
  TextOf<96> name;
  if (int err = memo_name(invocation, plan, name); err != 0) return invocation.fail_call(what::name_plan, err);
  bool known = load_plan(context, name.c_str(), plan.memory) == 0 && has_filters(context);
  if (!known) {
    if (int err = plan.engine.start(verb); err != 0) return invocation.fail_call(what::start_planner, err);
    if (int code = complete_request(invocation, plan); code != 0) return code;
    if (!plan.engine.send(plan.request, verb, nullptr)) return invocation.fail_call(what::ask_planner, errno);
  } else {
    // Its place among the last used.
    utimensat(context.state.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  }
  if (Outcome spawned = spawn_stager(context); !spawned.ok()) {
    return invocation.fail_call(what::start_init, spawned.err);
  }
  if (known) return 0;
  if (int code = plan.engine.await(invocation, plan.response); code != 0) return code;
  if (!plan.response.error.empty() || !plan.response.plan) return show_response(invocation, plan.response);
  const char *what = nullptr;
  Bytes bytes = plan.response.plan.value;
  if (!use_plan(context, bytes, &what)) return invocation.fail(PlanInvalid{.what = Str::of(what)});
  store_memo(context, name.c_str(), bytes);
  return 0;
}

int replace_exec_plan(Invocation &invocation, ExecPlan &plan) {
  if (int code = complete_request(invocation, plan); code != 0) return code;
  if (plan.advised) return explain_failure(invocation, plan.request, verb);
  if (int code = explain_failure(invocation, plan.request, verb, &plan.advice); code != 0) return code;
  plan.advised = true;
  Context &context = invocation.context;
  int err = plan.request.note_first(context.failure);
  if (err == 0) err = make_report(context);
  if (err != 0) return invocation.fail_call(what::try_plan, err);
  context.failure.reported = false;
  context.failure.interference = PlanFailure::Interference::none;
  const char *what = nullptr;
  if (!use_plan(context, plan.advice.response.plan.value, &what))
    return invocation.fail(PlanInvalid{.what = Str::of(what)});
  return 0;
}

} // namespace veloci

#include "launcher/door/launch.h"
#include "base/closing.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include "executor/state/store.h"
#include "host/facts.h"
#include "launcher/call/pidfd.h"
#include "launcher/door/saved.h"
#include "launcher/door/timing.h"
#include "launcher/door/trace.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

int claim(Invocation &invocation) {
  Context &context = invocation.context;
  int err = claim_state(context);
  if (err == EEXIST) return invocation.fail(ContainerExists{.id = context.id});
  if (err != 0) return invocation.fail(diagnostic::StateWrite{.path = context.id, .errno_ = ErrnoText(err)});
  return 0;
}

int start_stager(Invocation &invocation, const Launch &launch) {
  Context &context = invocation.context;
  int dir = context.state.get();
  if (launch.starts) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      return invocation.fail_call(what::make_socket_pair, errno);
    context.fifo.reset(pair[0]);
    context.release.reset(pair[1]);
  } else {
    if (mkfifoat(dir, state_name::fifo, 0600) != 0)
      return invocation.fail(diagnostic::StateWrite{.path = Str::of(state_name::fifo), .errno_ = ErrnoText(errno)});
    context.fifo.reset(openat(dir, state_name::fifo, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (!context.fifo.valid()) return invocation.fail_call(what::open_fifo, errno);
  }
  Outcome spawned = spawn_stager(context);
  return spawned.ok() ? 0 : invocation.fail_call(what::start_init, spawned.err);
}

// What the dump has noted of stdin, stdout and stderr. Images of others may have none.
void read_descriptors(const Invocation &invocation, Buffer &out) {
  Fd images(
      open(invocation.arguments.text_or_fallback(cli::Flag::image_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  constexpr size_t largest = 256 * 1024;
  if (!images.valid() || read_file(images.get(), state_name::descriptors, largest, O_NOFOLLOW, out) != 0) out.free();
}

int start_engine(Invocation &invocation, Launch &launch, EngineVerb verb) {
  int err = launch.engine.start(verb);
  return err == 0 ? 0 : invocation.fail_call(what::start_planner, err);
}

// Whether the plan is there without the planner of this start.
bool is_given(const Invocation &invocation) {
  return invocation.arguments.plan_fd() >= 0 || invocation.arguments.has(cli::Flag::plan);
}

// The request, which is sent unless the plan is there already. 0 or the exit code.
int ask_for_plan(Invocation &invocation, Launch &launch, EngineVerb verb) {
  Bundle &bundle = launch.bundle;
  PlanCache &cache = launch.cache;
  if (int code = read_bundle(invocation, bundle, launch.request.config); code != 0) return code;
  // Nothing like it was ever started: the engine gets ready while the request is made.
  bool waits = cache.enabled() && cache.take_config(invocation, bundle.path.str(), launch.request.config);
  bool late = launch.late && !waits;
  if (late) {
    if (int code = start_engine(invocation, launch, verb); code != 0) return code;
  }
  if (int err = launch.request.build(invocation, bundle.path.str(), bundle.config_name, false); err != 0) {
    return invocation.fail_call(what::describe_host, err);
  }
  if (launch.restoring) read_descriptors(invocation, launch.request.process);
  if (is_given(invocation)) return 0;
  if (cache.recall(invocation, launch.request, launch.response)) {
    return cache.verifies() ? cache.verify(invocation, launch.request, launch.response) : 0;
  }
  if (waits) {
    if (int code = start_engine(invocation, launch, verb); code != 0) return code;
  }
  bool remembers = cache.enabled();
  if (!launch.engine.send(launch.request, verb, nullptr, remembers)) {
    return invocation.fail_call(what::ask_planner, errno);
  }
  // The engine is at work on the first one.
  if (remembers) cache.ask(launch.engine, launch.request);
  return 0;
}

// The answer with the plan. 0 or the exit code.
int await_plan(Invocation &invocation, Launch &launch) {
  if (invocation.arguments.has(cli::Flag::plan)) return mark_saved_plan(invocation, launch);
  if (int fd = invocation.arguments.plan_fd(); fd >= 0) return launch.engine.take(invocation, fd, launch.response);
  if (launch.response.plan) return 0;
  return launch.engine.await(invocation, launch.response);
}

// Everything up to the plan.
int prepare(Invocation &invocation, Launch &launch, EngineVerb verb) {
  bool saved = invocation.arguments.has(cli::Flag::plan);
  int asked = saved ? take_saved_plan(invocation, launch) : ask_for_plan(invocation, launch, verb);
  if (asked != 0) return asked;
  // While the planner works:
  if (int code = claim(invocation); code != 0) return code;
  note_moment(invocation, Phase::begin);
  if (!launch.restoring) {
    if (int code = start_stager(invocation, launch); code != 0) return code;
  }
  if (int code = await_plan(invocation, launch); code != 0) return code;
  note_moment(invocation, Phase::planned);
  if (!launch.response.error.empty() || !launch.response.plan || !launch.response.stored) {
    return show_response(invocation, launch.response);
  }
  if (!invocation.log.elsewhere()) invocation.log.warnings(launch.response.warnings);
  // Copies of configuration and request: with them a later version can make the stored plan anew.
  Str rest = launch.request.rest();
  invocation.context.kept = {launch.request.config.bytes(),
                             {reinterpret_cast<const uint8_t *>(rest.data), rest.size},
                             invocation.context.removes_container ? Bytes{} : launch.response.stored.value};
  const char *what = nullptr;
  if (!use_plan(invocation.context, launch.response.plan.value, &what)) {
    return invocation.fail(PlanInvalid{.what = Str::of(what)});
  }
  return 0;
}

// A hook has failed and the container is gone: its life goes on with the poststop hooks (runtime-spec "Lifecycle").
void end_life(Context &context, Bytes stored) {
  const char *what = nullptr;
  context.signals = nullptr;
  if (use_plan(context, stored, &what)) run_kind(context, ProgramName::delete_, code::hook_run);
}

} // namespace

int take_preserved(Invocation &invocation) {
  int64_t asked = invocation.arguments.number(cli::Flag::preserve_fds);
  constexpr int64_t most = 1021;
  int64_t count = asked + listen_fds_of(invocation.environment);
  if (count > most) return invocation.fail(PreserveFdsMany{.count = NumberText(count), .most = NumberText(most)});
  invocation.context.preserve = static_cast<uint32_t>(count);
  return 0;
}

int launch_container(Invocation &invocation, Launch &launch, EngineVerb verb) {
  if (int code = take_preserved(invocation); code != 0) return code;
  // First of all, where no plan can be there: the engine boots while everything else goes on.
  launch.late = launch.cache.begin(invocation, verb);
  if (!launch.late && !is_given(invocation)) {
    if (int code = start_engine(invocation, launch, verb); code != 0) return code;
  }
  if (int code = invocation.open_root(true); code != 0) return code;
  Context &context = invocation.context;
  context.signals = &invocation.signals;
  context.removes_container =
      launch.starts && !invocation.arguments.on(cli::Flag::detach) && !invocation.arguments.on(cli::Flag::keep);
  if (int code = prepare(invocation, launch, verb); code != 0) {
    context.undo.run(context);
    return code;
  }
  bool done = run_program(context, launch.restoring ? ProgramName::restore : ProgramName::create);
  if (done) {
    note_moment(invocation, Phase::created);
    // Engines take a log of a failure for one line.
    if (invocation.log.elsewhere()) invocation.log.warnings(launch.response.warnings);
    trace_start(invocation);
    int code = send_pidfd(invocation, "standard");
    if (code != 0) context.undo.run(context);
    return code;
  }
  context.undo.run(context);
  bool hook = failed_in_hook(context);
  int code = explain_failure(invocation, launch.request, verb);
  if (hook) end_life(context, launch.response.stored.value);
  return code;
}

void remember_launch(Invocation &invocation, Launch &launch) {
  launch.cache.keep(invocation, launch.engine, launch.response);
}

void commit_launch(Invocation &invocation) {
  Context &context = invocation.context;
  context.undo.drop();
  // The cgroups have processes now, and are nobody else's.
  for (unsigned i = 0; i < context.cgroup_count; i++) {
    if (context.cgroups[i].directory.valid()) closing.add(context.cgroups[i].directory.release());
  }
  closing.flush();
  reap_stager(context);
}

int adopt_launch(Invocation &invocation, const Launch &launch) {
  Context &context = invocation.context;
  const char *what = nullptr;
  if (!use_plan(context, launch.response.stored.value, &what)) {
    context.undo.run(context);
    return invocation.fail(PlanInvalid{.what = Str::of(what)});
  }
  commit_launch(invocation);
  return 0;
}

} // namespace veloci

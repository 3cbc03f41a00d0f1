#include "base/clock.h"
#include "executor/process/channel.h"
#include "executor/console/console.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include "launcher/call/bundle.h"
#include "launcher/call/foreground.h"
#include "launcher/door/learning.h"
#include "launcher/door/ending.h"
#include "launcher/door/exec_timing.h"
#include "launcher/door/launch.h"
#include "launcher/door/memo.h"
#include "launcher/call/pidfd.h"
#include "launcher/owner/owner.h"
#include "launcher/door/trace.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

namespace {

// The plan keeps the terminal (console.keep); whether somebody takes it is known here.
int check_terminal(Invocation &invocation) {
  Program program;
  bool terminal = false;
  if (invocation.context.plan.find(ProgramName::exec, program)) {
    for (const OpRecord &op : program) terminal = terminal || op.code == code::console_keep;
  }
  bool detach = invocation.arguments.on(cli::Flag::detach);
  Str socket = invocation.arguments.text(cli::Flag::console_socket);
  if (terminal && detach && socket.empty()) return invocation.fail(ConsoleSocketMissing{});
  if (!socket.empty() && (!terminal || !detach)) return invocation.fail(ConsoleSocketUnused{.path = socket});
  return 0;
}

// What the plan leaves to this side: the terminal to its socket, the pid to its file.
int hand_over(Invocation &invocation) {
  Context &context = invocation.context;
  Str socket = invocation.arguments.text(cli::Flag::console_socket);
  if (!socket.empty()) {
    Outcome sent = send_console(socket, context.console.get());
    context.console.reset();
    if (!sent.ok()) return invocation.fail(ConsoleSocketConnect{.path = socket, .errno_ = ErrnoText(sent.err)});
  }
  if (int code = send_pidfd(invocation, "setns"); code != 0) return code;
  Str path = invocation.arguments.text(cli::Flag::pid_file);
  if (path.empty()) return 0;
  TextOf<16> pid;
  pid.add_signed(context.init.pid);
  int offset = 0;
  Bytes bytes{reinterpret_cast<const uint8_t *>(pid.c_str()), pid.size()};
  int err = replace_file(AT_FDCWD, path.c_str(), bytes, 0644, offset);
  return err == 0 ? 0 : invocation.fail(diagnostic::PidFile{.path = path, .errno_ = ErrnoText(err)});
}

int check_status(Invocation &invocation) {
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::paused && !invocation.arguments.on(cli::Flag::ignore_paused)) {
    return invocation.fail(ExecPaused{.id = context.id});
  }
  if (status == Status::stopped || status == Status::creating) {
    return invocation.fail(NotRunning{.id = context.id, .status = status_name(status)});
  }
  return 0;
}

// The process file, or that there are arguments in its place.
int read_process(Invocation &invocation, Buffer &process) {
  Str path = invocation.arguments.text(cli::Flag::process);
  bool has_arguments = invocation.arguments.operand_count() > 1;
  if (path.empty()) return has_arguments ? 0 : invocation.fail(ExecProgram{});
  if (has_arguments) return invocation.fail(ExecBoth{});
  return read_given(invocation, path, process);
}

} // namespace

int exec_command(Invocation &invocation) {
  constexpr int own_failure = 255;
  invocation.failure_code = own_failure;
  Context &context = invocation.context;
  ExecPlan plan;
  if (int code = invocation.open_recorded(); code != 0) return code;
  if (int code = read_process(invocation, plan.request.process); code != 0) return code;
  if (int code = take_preserved(invocation); code != 0) return code;
  if (int code = check_status(invocation); code != 0) return code;
  Learning learning;
  if (int code = learning.begin(invocation); code != 0) return code;
  bool detach = invocation.arguments.on(cli::Flag::detach);
  Owner owner;
  owner.open(invocation.arguments);
  if (!detach) become_subreaper();
  context.signals = &invocation.signals;
  if (int err = make_report(context); err != 0) {
    return invocation.fail(SystemCall{.what = what::make_report, .errno_ = ErrnoText(err)});
  }
  auto undone = [&](int code) {
    context.undo.run(context);
    return code;
  };
  if (int code = open_exec_plan(invocation, plan); code != 0) return undone(code);
  int64_t planned = nanoseconds_of(CLOCK_MONOTONIC);
  if (int code = check_terminal(invocation); code != 0) return undone(code);
  context.console_goes_on = owner.present() || invocation.arguments.has(cli::Flag::console_socket);
  while (!run_program(context, ProgramName::exec) || !await_execution(context)) {
    context.undo.run(context);
    if (ended_meanwhile(context)) return invocation.fail(ContainerEnded{.id = context.id});
    if (int code = replace_exec_plan(invocation, plan); code != 0) return code;
  }
  trace_start(invocation);
  keep_exec_timing(invocation, planned, plan.request.process.bytes());
  if (int code = hand_over(invocation); code != 0) return undone(code);
  context.undo.drop();
  reap_stager(context);
  if (detach) return 0;
  if (owner.present()) {
    owner.hand_over_console(context.console);
    owner.leave_streams();
    owner.note(ControlEvent::started, context.init.pid);
  }
  int code = stay_with_init(invocation, nullptr, owner.present() ? &owner : nullptr);
  // Its owner has left it to itself.
  if (context.init.pid > 0) return 0;
  Ending ending;
  explain_end(invocation, nullptr, code, ending);
  if (owner.present()) owner.note_end(ending.reason);
  learning.finish(invocation, plan.request);
  return code;
}

} // namespace veloci

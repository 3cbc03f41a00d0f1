#include "base/clock.h"
#include "launcher/call/invocation.h"
#include "launcher/call/match.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

// fds 0 to 2 must be open, or a file of ours would become somebody's stdout.
bool open_stdio() {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    if (open("/dev/null", O_RDWR) == fd) continue;
    TextOf<160> text;
    text.add("veloci: descriptor ")
        .add_signed(fd)
        .add(" is closed and cannot be opened on /dev/null: ")
        .add(ErrnoText(errno))
        .add_char('\n');
    if (write(STDERR_FILENO, text.c_str(), text.size()) < 0) return false;
    return false;
  }
  return true;
}

int dispatch(Invocation &invocation, char **words) {
  const Arguments &arguments = invocation.arguments;
  if (arguments.on(cli::Flag::help)) return help_command(invocation);
  if (arguments.on(cli::Flag::version)) return version_command(invocation);
  if (arguments.command() == nullptr) {
    return arguments.habits().needs_command ? invocation.fail(CommandMissing{}) : help_command(invocation);
  }
  switch (arguments.command()->command) {
  case cli::Command::run: return run_command(invocation);
  case cli::Command::create: return create_command(invocation);
  case cli::Command::start: return start_command(invocation);
  case cli::Command::state: return state_command(invocation);
  case cli::Command::list: return list_command(invocation);
  case cli::Command::kill: return on_matches(invocation, kill_command);
  case cli::Command::delete_: return on_matches(invocation, delete_command);
  case cli::Command::exec: return exec_command(invocation);
  case cli::Command::pause: return pause_command(invocation);
  case cli::Command::resume: return resume_command(invocation);
  case cli::Command::update: return update_command(invocation);
  case cli::Command::unpack: return unpack_command(invocation, words);
  case cli::Command::install: return install_command(invocation);
  case cli::Command::diff: return diff_command(invocation);
  case cli::Command::audit: return audit_command(invocation);
  case cli::Command::apply: return apply_command(invocation);
  case cli::Command::mounts: return mounts_command(invocation);
  case cli::Command::wait: return wait_command(invocation);
  case cli::Command::events: return events_command(invocation);
  case cli::Command::checkpoint: return checkpoint_command(invocation);
  case cli::Command::restore: return restore_command(invocation);
  case cli::Command::ps: return ps_command(invocation);
  case cli::Command::spec: return spec_command(invocation);
  case cli::Command::validate:
  case cli::Command::plan:
  case cli::Command::explain:
  case cli::Command::doctor:
  case cli::Command::features: return text_command(invocation);
  case cli::Command::capture: return capture_command(invocation);
  case cli::Command::why: return why_command(invocation);
  case cli::Command::top: return top_command(invocation);
  case cli::Command::timeline: return timeline_command(invocation);
  case cli::Command::version: return version_command(invocation);
  case cli::Command::help: return help_command(invocation);
  }
  return 1;
}

} // namespace

} // namespace veloci

int main(int count, char **arguments, char **environment) {
  using namespace veloci;
  if (!open_stdio()) return 1;
  // Whatever the caller has: the modes of what we make are chosen for this one. The container gets its own (ids.set).
  umask(022);
  Invocation invocation;
  invocation.begun = nanoseconds_of(CLOCK_MONOTONIC);
  invocation.environment = environment;
  invocation.signals.block();
  if (int code = invocation.arguments.parse(count, arguments, invocation.log); code != 0) return code;
  // Without closing and unmapping what the end of the process closes and unmaps.
  _exit(dispatch(invocation, arguments));
}

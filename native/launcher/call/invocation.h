// One call of the command: what the verbs share.
#pragma once
#include "executor/context.h"
#include "file/files.h"
#include "wait/interrupt.h"
#include "launcher/container/root.h"
#include "launcher/container/status.h"
#include "launcher/line/args.h"

namespace veloci {

class Invocation {
public:
  Arguments arguments;
  Log log;
  Signals signals;
  Str root_path;
  RootPath root_memory;
  Fd root;
  Context context;
  char **environment = nullptr;
  // A configuration that was read already, from standard input or an absolute path; null = none.
  const Buffer *document = nullptr;
  // When the command began; nanoseconds of CLOCK_MONOTONIC.
  int64_t begun = 0;
  // Exit code of this command's own failures: 255 for exec, else 1.
  int failure_code = 1;

  // Takes the id (first operand), checks it, and opens the state root. 0 or the exit code, with the error shown.
  // `create` makes a missing root; without it a missing root means that the container does not exist.
  int open_root(bool create);
  // open_root, then the container's state directory; ContainerMissing when there is none.
  int open_container();
  // open_container, then its record.
  int open_recorded();
  // The status of the container whose record is open. 0 or the exit code.
  int read_status(Status &status);
  // Says that a file of the state directory is damaged, or what this command lacks to read it. Returns the exit code.
  int fail_kept(int err, const char *damage);
  // Says that a system call has failed. Returns the exit code.
  int fail_call(Str what, int err);
  // Locks the open state directory; waits at most `seconds`.
  int lock(uint32_t seconds);

  template <class Diagnostic> int fail(const Diagnostic &diagnostic);
  // A signal has asked us to stop, and nothing is left to undo.
  int interrupted();
};

// Writes a text to stdout; 0 or the exit code of a failure, or of SIGPIPE without a word when nobody reads any more.
int print(Invocation &invocation, Str text);

// The same for a text with marks (executor/log/style.h).
int print_styled(Invocation &invocation, Str text);

// Whether a process could not join the container because that has ended meanwhile: its namespaces and cgroups end with
// it, and take the process along.
bool ended_meanwhile(const Context &context);

// The verbs; each returns the exit code of the command.
int run_command(Invocation &invocation);
int create_command(Invocation &invocation);
int start_command(Invocation &invocation);
int state_command(Invocation &invocation);
int list_command(Invocation &invocation);
int kill_command(Invocation &invocation);
int delete_command(Invocation &invocation);
int exec_command(Invocation &invocation);
int checkpoint_command(Invocation &invocation);
int restore_command(Invocation &invocation);
// spec, validate, plan, features: the engine's text.
int text_command(Invocation &invocation);
int pause_command(Invocation &invocation);
int resume_command(Invocation &invocation);
int update_command(Invocation &invocation);
int events_command(Invocation &invocation);
int wait_command(Invocation &invocation);
int mounts_command(Invocation &invocation);
int diff_command(Invocation &invocation);
int audit_command(Invocation &invocation);
int apply_command(Invocation &invocation);
int install_command(Invocation &invocation);
int unpack_command(Invocation &invocation, char **words);
int ps_command(Invocation &invocation);
int spec_command(Invocation &invocation);
int timeline_command(Invocation &invocation);
int top_command(Invocation &invocation);
int why_command(Invocation &invocation);
int capture_command(Invocation &invocation);
int version_command(Invocation &invocation);
int help_command(Invocation &invocation);

} // namespace veloci

#include "executor/log/problem.h"

namespace veloci {

// Shows the error and gives the exit code.
template <class Diagnostic> int Invocation::fail(const Diagnostic &diagnostic) {
  show(log, diagnostic);
  return failure_code;
}

} // namespace veloci

// Running a hook: one implementation for the hooks of the runtime's namespace and of the container's.
#pragma once
#include "plan/fill.h"

namespace veloci {

// Who may ask to end a hook early: `fd` is readable when `asked` should be called. Nobody by default. `remains` says
// afterwards that a hook which was killed hangs in the kernel, and so is still there.
struct HookStop {
  int fd = -1;
  bool (*asked)(void *of) = nullptr;
  void *of = nullptr;
  bool remains = false;
  // Called now and then while the hook runs: milliseconds until it wants to be called again, -1 = never.
  int (*pass)(void *of) = nullptr;
  void *passing = nullptr;
};

// Runs a hook and waits for it. Outcome by the steps of hook.run; at `exit` the errno is the exit code, at `signal` the
// signal's number, at `wait` EINTR when `stop` has asked. `output` gets what the hook wrote to stdout and stderr, as
// much as fits. `op.warn` is the caller's affair. `process_env` is for a hook that has the environment of the
// container's process; `init` a pidfd for `op.enter`.
Outcome run_hook(const HookRun &op, const HoleValues &values, Text &output, HookStop &stop,
                 char **process_env = nullptr, int init = -1);

} // namespace veloci

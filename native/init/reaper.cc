// The first process of a container that is not its program: a pid namespace lets its first process be hit by no signal
// that it has no handler for, abort(3) included, and leaves it all processes whose parents have ended.
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "init/init.h"
#include "record/ending.h"

namespace veloci {
namespace {

// The kernel's set, which has a bit for each signal.
using SignalSet = uint64_t;
constexpr SignalSet every_signal = ~SignalSet{0};
// What a shell adds to the number of a signal.
constexpr int signal_base = 128;

void block(SignalSet set, SignalSet *before) { syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, before, sizeof set); }

// The program's streams and the end of the fifo are the program's alone.
void close_all() {
  constexpr int most = 1024;
  if (sys::close_range(0, ~0u, 0) == 0) return;
  for (int fd = 0; fd < most; fd++) close(fd); // a filter that does not know the call
}

// Waits for everybody until the program has ended; the status of that.
int reap_until(pid_t program) {
  for (;;) {
    int status = 0;
    pid_t ended;
    while ((ended = static_cast<pid_t>(syscall(SYS_wait4, -1, &status, WNOHANG | __WALL, nullptr))) > 0) {
      if (ended == program) return status;
    }
    // What has come meanwhile is pending: all signals are blocked.
    SignalSet all = every_signal;
    long signal = syscall(SYS_rt_sigtimedwait, &all, nullptr, nullptr, sizeof all);
    if (signal > 0 && signal != SIGCHLD) syscall(SYS_kill, program, signal);
  }
}

} // namespace

bool Init::stay_above(const ProgramRun &op) {
  SignalSet before = 0;
  block(every_signal, &before);
  // By clone(2), which filters know: one is loaded already.
  long program = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (program < 0) {
    int err = errno;
    block(before, nullptr);
    errno = err;
    return false;
  }
  if (program == 0) {
    // A signal of the terminal is for the program's group alone.
    syscall(SYS_setpgid, 0, 0);
    pid_t group = static_cast<pid_t>(syscall(SYS_getpid));
    if (has_terminal_) ioctl(STDIN_FILENO, TIOCSPGRP, &group);
    if (op.listen_pid) name_itself();
    block(before, nullptr);
    return true;
  }
  close_all();
  int status = reap_until(static_cast<pid_t>(program));
  int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  // It cannot end by that signal itself.
  RecordEnding *ending = record_ending(*shared_.record);
  if (ending != nullptr && signal != 0) {
    ending->signal = signal;
    __atomic_store_n(&ending->signal_known, 1, __ATOMIC_RELEASE);
  }
  syscall(SYS_exit_group, signal != 0 ? signal_base + signal : WEXITSTATUS(status));
  __builtin_trap();
}

} // namespace veloci

// Signals of the command itself. They are blocked and read from a signalfd, so that undo runs on SIGTERM, and a
// foreground run can forward them.
#pragma once
#include "base/types.h"
#include <signal.h>

namespace veloci {

class Progress;

class Signals {
public:
  // Blocks all signals but those of a fault, ignores SIGPIPE, and lets no child vanish before it is waited for.
  void block();
  // Descriptor that is readable when a signal is pending; -1 with errno set on failure.
  int descriptor();
  // Takes one pending signal without waiting: its number, or 0.
  int take();
  // SIGINT, SIGTERM, SIGHUP or SIGQUIT that is pending now, or 0: the command should stop and undo. It stays pending.
  static int pending_stop();

  // After the descriptor became readable: whether it is such a signal. Others, of children, are taken.
  bool should_stop();

private:
  Fd fd_;
};

// How long we wait for somebody else where nothing else bounds it, in milliseconds.
constexpr int wait_limit = 10000;

// Waits until a message or the end can be read. 0; EINTR when a signal asks us to stop; ETIMEDOUT after `milliseconds`
// (-1 = never); or another errno. Without `signals` it does not wait: the read will.
// `progress` is shown meanwhile.
int await_readable(int fd, Signals *signals, int milliseconds = -1, Progress *progress = nullptr);

// Writes everything, and never waits longer than that for room. 0 or an errno.
int write_within(int fd, Str text, int milliseconds);

// The signals that this process ignores, bit N-1 for signal N: its caller's doing, and the reader's of a pipe. All
// where that cannot be read. What has a handler need not be known: execve(2) gives it its default action.
uint64_t ignored_signals();

// For a new process: nothing is blocked or ignored, whatever our caller has left us. Async-signal-safe. `ignored` as of
// ignored_signals.
void restore_signals(uint64_t ignored = ~uint64_t{0});

} // namespace veloci

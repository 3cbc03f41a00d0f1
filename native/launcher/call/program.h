// Other processes that a command runs for what they print.
#pragma once
#include "file/files.h"
#include "wait/interrupt.h"
#include <signal.h>

namespace veloci {

// What a process has printed.
struct Printed {
  Buffer out;
  Buffer error;
  // Its exit code, or 128 and the signal.
  int status = 0;
  // There was more than the limit; what is there ends with a whole line.
  bool cut = false;
};

// Files in memory that take what a process prints.
class OutputFiles {
public:
  OutputFiles();
  // False with errno set when they could not be made.
  bool valid() const { return out_.valid() && error_.valid(); }
  // In the new process: they become its outputs, and its input is empty.
  bool redirect() const;
  // After its end: at most `limit` bytes of each. 0 or an errno.
  int take(const siginfo_t &ending, size_t limit, Printed &printed) const;

private:
  Fd out_, error_;
};

// Runs a program of PATH and takes at most `limit` bytes of each of its outputs. On a terminal a line says what is
// waited for when that takes long. 0 or an errno: ENOENT when there is no such program, ETIMEDOUT when it does not end,
// EINTR when a signal asks us to stop; then it was killed.
int run_program(Signals &signals, const char *const *words, size_t limit, Printed &printed);

} // namespace veloci

// Waiting for changes of a file, whichever way an editor writes it.
#pragma once
#include "base/io.h"
#include "wait/interrupt.h"
#include <sys/stat.h>

namespace veloci {

class FileWatch {
public:
  // Watches the directory of a file (inotify(7)): most editors put another file in its place. 0 or an errno.
  int open(const char *path);
  // Waits until the file is another one, and has been so for a moment. 0; EINTR when a signal asks us to stop; or
  // another errno: ENOENT when the directory is gone.
  int wait(Signals &signals);

private:
  // Takes what has happened. ENOENT when the directory is gone.
  int drain();
  // Whether it is another file than at the last look, or has other bytes.
  bool changed();

  Fd events_;
  const char *path_ = nullptr;
  struct stat last_ = {};
};

} // namespace veloci

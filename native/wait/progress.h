// What a command waits for, on the terminal of its standard error, when that takes over a second.
#pragma once
#include "base/types.h"

namespace veloci {

// Whether standard error is a terminal that can show a line and take it back.
bool shows_progress();
// Shows a line of progress in place of the one before; an empty one takes it back.
void show_progress(Str line);

class Progress {
public:
  // `what` stands behind "waiting for", and lives as long as this.
  explicit Progress(Str what);
  // Removes the line.
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  // To be called at least as often as it says: milliseconds until the line changes, or -1 where nobody would see it.
  int tick();

private:
  Str what_;
  int64_t begun_;
  // Seconds that the line shows; 0 before it is there.
  int64_t shown_ = 0;
  bool seen_ = true;
};

} // namespace veloci

#include "wait/progress.h"
#include "base/clock.h"
#include "base/io.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr char erase[] = "\r\x1b[K";

// Whether a line can be shown and taken back.
bool is_terminal() {
  const char *term = getenv("TERM");
  return term != nullptr && term[0] != 0 && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO) == 1;
}

void show(Str text) {
  // What a terminal does not take is no loss.
  if (::write(STDERR_FILENO, text.data, text.size) < 0) return;
}

} // namespace

Progress::Progress(Str what) : what_(what), begun_(monotonic_milliseconds()) {}

Progress::~Progress() {
  if (shown_ > 0) show(Str::of(erase));
}

int Progress::tick() {
  if (!seen_) return -1;
  int64_t passed = monotonic_milliseconds() - begun_, seconds = passed / 1000;
  if (seconds > shown_) {
    if (shown_ == 0 && !is_terminal()) {
      seen_ = false;
      return -1;
    }
    shown_ = seconds;
    TextOf<256> line;
    line.add(erase).add("waiting for ").add(what_).add(" (").add_signed(seconds).add(" s)");
    if (line.complete()) show(line.str());
  }
  return static_cast<int>(1000 - passed % 1000);
}

} // namespace veloci

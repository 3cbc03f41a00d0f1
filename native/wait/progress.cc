#include "wait/progress.h"
#include "base/clock.h"
#include "base/io.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr char erase[] = "\r\x1b[K";

} // namespace

bool shows_progress() {
  const char *term = getenv("TERM");
  return term != nullptr && term[0] != 0 && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO) == 1;
}

void show_progress(Str line) {
  TextOf<256> text;
  text.add(erase).add(line);
  // What a terminal does not take is no loss.
  if (!text.complete() || ::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

Progress::Progress(Str what) : what_(what), begun_(monotonic_milliseconds()) {}

Progress::~Progress() {
  if (shown_ > 0) show_progress({});
}

int Progress::tick() {
  if (!seen_) return -1;
  int64_t passed = monotonic_milliseconds() - begun_, seconds = passed / 1000;
  if (seconds > shown_) {
    if (shown_ == 0 && !shows_progress()) {
      seen_ = false;
      return -1;
    }
    shown_ = seconds;
    TextOf<256> line;
    line.add("waiting for ").add(what_).add(" (").add_signed(seconds).add(" s)");
    if (line.complete()) show_progress(line.str());
  }
  return static_cast<int>(1000 - passed % 1000);
}

} // namespace veloci

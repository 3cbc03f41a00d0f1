// Waiting for what the kernel does asynchronously.
#pragma once
#include "base/clock.h"
#include "base/types.h"

namespace veloci {

// The end of a wait, and pauses that grow until then: 1, 2, 4 … 16 ms. What is done between the pauses counts, too.
class Deadline {
public:
  explicit Deadline(uint32_t milliseconds) : end_(monotonic_milliseconds() + milliseconds) {}
  // Ends no later than another one, which may be nullptr.
  Deadline(uint32_t milliseconds, const Deadline *limit) : Deadline(milliseconds) {
    if (limit != nullptr && limit->end_ < end_) end_ = limit->end_;
  }
  bool over() const { return remaining() == 0; }
  // Milliseconds.
  int64_t remaining() const {
    int64_t time = monotonic_milliseconds();
    return time < end_ ? end_ - time : 0;
  }
  // Sleeps once; false when the time is over.
  bool wait() {
    int64_t rest = remaining();
    if (rest == 0) return false;
    struct timespec pause {
      0, static_cast<long>(pause_ < rest ? pause_ : rest) * 1000000
    };
    nanosleep(&pause, nullptr);
    if (pause_ < 16) pause_ *= 2;
    return true;
  }

private:
  int64_t end_;
  int64_t pause_ = 1;
};

} // namespace veloci

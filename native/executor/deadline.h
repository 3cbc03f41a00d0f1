// Waiting for what the kernel does asynchronously.
#pragma once
#include "base/types.h"
#include <time.h>

namespace veloci {

// The end of a wait, and pauses that grow until then: 1, 2, 4 … 16 ms. What is done between the pauses counts, too.
class Deadline {
public:
  explicit Deadline(uint32_t milliseconds) : end_(now() + milliseconds) {}
  // Ends no later than another one, which may be nullptr.
  Deadline(uint32_t milliseconds, const Deadline *limit) : Deadline(milliseconds) {
    if (limit != nullptr && limit->end_ < end_) end_ = limit->end_;
  }
  bool over() const { return left() == 0; }
  // Milliseconds.
  uint64_t left() const {
    uint64_t time = now();
    return time < end_ ? end_ - time : 0;
  }
  // Sleeps once; false when the time is over.
  bool wait() {
    uint64_t rest = left();
    if (rest == 0) return false;
    struct timespec pause {
      0, static_cast<long>(pause_ < rest ? pause_ : rest) * 1000000
    };
    nanosleep(&pause, nullptr);
    if (pause_ < 16) pause_ *= 2;
    return true;
  }

private:
  static uint64_t now() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
  }
  uint64_t end_;
  uint64_t pause_ = 1;
};

} // namespace veloci

// Waiting for what the kernel does in its own time.
#pragma once
#include "base/types.h"
#include <time.h>

namespace veloci {

// Pauses that grow: 1, 2, 4 … 16 ms, until the limit.
class Patience {
public:
  explicit Patience(uint32_t milliseconds) : left_(milliseconds) {}
  // Sleeps once; false when the time is over.
  bool wait() {
    if (left_ == 0) return false;
    uint32_t now = pause_ < left_ ? pause_ : left_;
    struct timespec time {
      0, static_cast<long>(now) * 1000000
    };
    nanosleep(&time, nullptr);
    left_ -= now;
    if (pause_ < 16) pause_ *= 2;
    return true;
  }

private:
  uint32_t left_;
  uint32_t pause_ = 1;
};

} // namespace veloci

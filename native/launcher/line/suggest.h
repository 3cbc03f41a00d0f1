#pragma once
#include "base/types.h"

namespace veloci {

// Finds the name that was probably meant: the nearest by edit distance, when it is near enough.
class Suggestion {
public:
  explicit Suggestion(Str given) : given_(given) {}
  void consider(const char *name);
  // Empty when nothing is near.
  Str best() const { return best_; }

private:
  Str given_;
  Str best_;
  uint32_t distance_ = UINT32_MAX;
};

} // namespace veloci

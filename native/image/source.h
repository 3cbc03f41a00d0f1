// Where bytes come from, in parts.
#pragma once
#include "base/types.h"

namespace veloci {

class ByteSource {
public:
  // The next part, which lives until the next call; an empty one is the end. False after a fault, which the source
  // knows.
  virtual bool next(Bytes &) { return false; }

  // Passes over so many bytes without giving them. False when it cannot: they are then read.
  virtual bool pass(uint64_t) { return false; }

protected:
  ~ByteSource() = default;
};

} // namespace veloci

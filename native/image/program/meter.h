// How far an unpack has come: a line on a terminal from the second second on, events for who has started us for
// himself.
#pragma once
#include "base/types.h"

namespace veloci {

class Meter {
public:
  // Milliseconds between two looks.
  static constexpr int interval = 100;

  // `control`: the socket of --control-fd; -1 when there is none.
  explicit Meter(int control);
  // Takes the line back.
  ~Meter();
  Meter(const Meter &) = delete;
  Meter &operator=(const Meter &) = delete;
  // Bytes of the image's layers that were read, of all that are to be, and layers that are done.
  void show(uint64_t done, uint64_t total, uint32_t layers_done, uint32_t layers);

private:
  int control_;
  int64_t begun_;
  uint64_t shown_bytes_ = UINT64_MAX;
  bool terminal_, shown_ = false;
};

} // namespace veloci

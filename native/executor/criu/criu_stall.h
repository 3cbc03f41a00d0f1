// Whether a restore goes on. It has no time limit, for memory may be large and disks slow; but for what damaged images
// name CRIU waits without end.
#pragma once
#include "executor/criu/criu_process.h"

namespace veloci {

// Milliseconds between two looks.
constexpr int stall_look = 5000;

class CriuStall {
public:
  explicit CriuStall(const CriuJob &job) : job_(job) {}
  // To be called every stall_look milliseconds: whether CRIU and all below it have slept for so long that nothing will
  // come.
  bool is_still();

private:
  const CriuJob &job_;
  uint64_t work_ = 0;
  int64_t since_ = 0;
};

} // namespace veloci

// Whether memory has run out in a cgroup of systemd's, which removes it as soon as its last process has ended: what the
// cgroup has counted goes with it, mostly before anybody can read it. The slice above counts for all below it and
// stays.
#pragma once
#include "record/record.h"

namespace veloci {

class OomWitness {
public:
  // Looks at what the kernel has counted so far; true when it has killed a process of the container since the first
  // look, or the container's own cgroup says so. The first look must be before the end. Costs nothing for a container
  // whose record has no slice.
  bool look(const Record &record);

  // Can be polled for POLLPRI: another look is due. -1 when there is nothing (more) to see.
  int descriptor() const { return own_.get(); }

  // What the last look has found.
  bool killed() const { return killed_; }

private:
  Fd own_, above_;
  uint64_t count_above_ = 0;
  bool watching_ = false, killed_ = false;
};

} // namespace veloci

// The processes of a container.
#pragma once
#include "file/files.h"
#include "record/record.h"

namespace veloci {

class Members {
public:
  // Lists the processes of the container's cgroup and of those below; those of a container that runs without a cgroup
  // of its own are its init alone. Ascending, each once. 0 or an errno.
  int collect(const Record &record, bool alive);

  uint32_t count() const { return count_; }
  int at(uint32_t index) const { return pids()[index]; }
  bool has(int pid) const;

private:
  int add(int pid);
  const int *pids() const { return reinterpret_cast<const int *>(memory_.bytes().data); }
  Buffer memory_;
  uint32_t count_ = 0;
};

} // namespace veloci

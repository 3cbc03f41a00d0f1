// --learn: a process that notes every system call of a container's processes, and lets the kernel make it.
#pragma once
#include "base/types.h"
#include "executor/seccomp/path_watch.h"
#include <sys/types.h>

namespace veloci {

// Different values of an argument; the list is full when `many`.
struct LearnedValues {
  static constexpr uint32_t max = 16;
  uint32_t count;
  bool many;
  uint64_t values[max];
};

struct LearnedCall {
  uint32_t arch; // AUDIT_ARCH_*
  int32_t number;
  uint64_t count; // 0 = the place is free
  LearnedValues arguments[2];
};

// Filled by the learner, in memory that both processes have.
struct LearnedTable {
  static constexpr uint32_t max = 2048; // all calls of three tables
  // Whether capabilities are to be learned, too; why they could not be, an errno; what was used, as bits.
  bool wants_capabilities;
  int32_t capability_error;
  uint64_t capabilities;
  LearnedCall calls[max];
};

class Learner {
public:
  Learner() = default;
  Learner(const Learner &) = delete;
  Learner &operator=(const Learner &) = delete;
  ~Learner();

  // Starts the process. 0 or an errno.
  int start(bool capabilities, bool paths);
  // The socket on which it awaits the listener; to be closed when nothing will be sent.
  Fd &socket() { return socket_; }
  // Waits for its end, which comes when no process is under the filter any more. False after the time.
  bool await(int milliseconds);
  const LearnedTable &table() const { return *table_; }
  // nullptr when they were not asked for.
  const LearnedPaths *paths() const { return paths_; }

private:
  LearnedTable *table_ = nullptr;
  LearnedPaths *paths_ = nullptr;
  Fd socket_;
  Fd pidfd_;
  pid_t pid_ = 0;
};

} // namespace veloci

// What a container uses at one moment, in a few numbers.
#pragma once
#include "stats/source.h"

namespace veloci {

// UINT64_MAX: no limit, or the kernel does not say.
struct Usage {
  static constexpr uint64_t none = UINT64_MAX;
  uint64_t cpu = none;                         // nanoseconds
  uint64_t memory = none, memory_limit = none; // bytes; without what can be dropped at once
  uint64_t processes = none, process_limit = none;
  uint64_t bytes_read = none, bytes_written = none; // of block devices
  // Share of the last ten seconds in which some process waited, in hundredths of a percent.
  uint64_t cpu_pressure = none, memory_pressure = none, io_pressure = none;
};

void read_usage(StatsSource &source, Usage &usage);

// What a container has used in all: bytes at most, nanoseconds in user mode and in the kernel. What no cgroup says
// stays as it is.
void read_totals(StatsSource &source, uint64_t &memory_peak, uint64_t &cpu_user, uint64_t &cpu_system);

} // namespace veloci

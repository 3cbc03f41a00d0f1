// A signal for every process of a cgroup.
#pragma once
#include <stdint.h>

namespace veloci {

// Signals the processes of a cgroup directory and of those below, by pidfds. `count` is set to how many there were,
// with those of other pid namespaces, which have no number here. Returns 0 or an errno; a cgroup that is gone has none.
int signal_processes(int cgroup, int signal, uint32_t &count);

} // namespace veloci

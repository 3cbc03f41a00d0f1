// Confinement of the planner (SECURITY-RULES: what parses hostile text has no rights).
#pragma once
#include <stddef.h>

namespace veloci {

// Gives up everything but memory, the one descriptor, and exit: other descriptors are closed, resources limited, a
// seccomp filter kills the process at any other system call. Returns 0 or an errno.
int confine(int fd, size_t address_space, unsigned cpu_seconds);

} // namespace veloci

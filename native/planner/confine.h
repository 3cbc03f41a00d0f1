// Confinement of the planner (SECURITY-RULES: what parses hostile text has no rights).
#pragma once
#include <stddef.h>
#include <sys/types.h>

namespace veloci {

// Gives up everything but memory, the one descriptor, and exit: other descriptors are closed, resources limited, ids
// and capabilities dropped, cheap namespaces made; it dies with the launcher, and a seccomp filter kills it at any
// other system call. Returns 0 or an errno.
int confine(int fd, pid_t launcher, size_t address_space, unsigned cpu_seconds);

} // namespace veloci

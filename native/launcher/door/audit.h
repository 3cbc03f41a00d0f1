// What the kernel log says of a process that a seccomp filter has ended (audit record SECCOMP, type 1326).
#pragma once
#include "base/io.h"

namespace veloci {

// The name of the system call for which a filter has ended this process since a moment, in nanoseconds of
// CLOCK_BOOTTIME. False when the log cannot be read, or does not say: to a user it may be closed, and it holds the last
// records alone.
bool find_refused_call(int pid, int64_t since, Text &name);

// The name of a system call of an architecture (AUDIT_ARCH_*), with the architecture's as in linux.seccomp; nullptr
// when there is none. free(3) it.
char *name_of_call(uint32_t arch, int number, const char *&table);

} // namespace veloci

// Why the kernel refuses to run a program: execve(2) has one errno for many causes.
#pragma once
#include "channel/detail.h"

namespace veloci {

// Looks into a program that was refused with `err` and begins `detail` with the cause and what it is about; with
// nothing when there is nothing to see. Any bytes are tolerated. False: the program itself is not there.
bool find_cause(const char *program, int err, Detail &detail);

} // namespace veloci

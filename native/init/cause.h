// Why the kernel refuses to run a program: execve(2) has one errno for many causes.
#pragma once
#include "base/io.h"

namespace veloci {

// Looks into a program that was refused with `err` and adds the cause to `detail`: `: WORD` or `: WORD VALUE`, where
// WORD is a step of process.start. Adds nothing when there is nothing to see. Any bytes are tolerated.
// False: the program itself is not there.
bool add_cause(const char *program, int err, Text &detail);

} // namespace veloci

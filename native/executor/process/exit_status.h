// With what status the container's first process has ended.
#pragma once
#include "record/record.h"
#include <signal.h>

namespace veloci {

// What a shell adds to the number of the signal that ended a program.
constexpr int signal_base = 128;

// What a shell makes of the end that waitid(2) reports: the exit code, or 128 plus the signal.
int exit_code_of(const siginfo_t &info);

// The code of a process that has just ended, by the pidfd that was opened before: from the kernel (Linux 6.15) or from
// the zombie. Waits a little for the parent that reaps it. What is found is kept in the record. False when nobody
// reports it.
bool find_exit_code(Record &record, int pidfd, int &code);

} // namespace veloci

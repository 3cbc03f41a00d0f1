// With what status the container's first process has ended.
#pragma once
#include "plan/record.h"

namespace veloci {

// What a shell says: the exit code, or 128 and the signal.
int exit_code_of_status(int wait_status);

// The code of a process that has just ended, by the pidfd that was opened before: from the kernel (Linux 6.15) or from the
// zombie. Waits a little for the parent that reaps it. What is found is kept in the record. False when nobody tells it.
bool find_exit_code(Record &record, int pidfd, int &code);

} // namespace veloci

// What a planner that somebody has taken over would try.
#pragma once

namespace veloci {

// Tries each call of a list, and every number of a system call, in a process of its own under the planner's real
// confinement, and prints how the process ended: `NAME<TAB>signal N` or `NAME<TAB>status ERRNO`. Of the numbers it
// prints those alone that did not end by SIGSYS. Returns the exit status.
int try_attempts();

} // namespace veloci

#pragma once
#include "base/io.h"

namespace veloci {

// Number of a signal that is named by a number from 0 to 64 (0 only asks whether there is a process), or by a name with
// or without SIG in any case (also RTMIN, RTMIN+N, RTMAX, RTMAX-N). -1 when there is none; `suggestion` is then a name
// that is near, or empty.
int parse_signal(Str text, Str &suggestion);

// Appends the name of a signal, such as SIGTERM or SIGRTMIN+1.
void add_signal_name(Text &out, int signal);

} // namespace veloci

#pragma once
#include "base/types.h"

namespace veloci {

// Number of a signal that is named by a number from 1 to 64, or by a name with or without SIG in any case (also
// RTMIN, RTMIN+N, RTMAX, RTMAX-N). 0 when there is none; `suggestion` is then a name that is near, or empty.
int parse_signal(Str text, Str &suggestion);

} // namespace veloci

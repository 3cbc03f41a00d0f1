// The mount that a file lies on.
#pragma once
#include "base/types.h"

namespace veloci {

// Both make it private in the caller's mount namespace, and leave the working directory somewhere on it. False and
// errno on failure.
bool make_holder_private();                 // of the working directory
bool make_holder_private(const char *path); // a relative one is a plain name; links to files are not followed

} // namespace veloci

// SeccompRules objects (src/engine/protocol.ts) of Node.
#pragma once
#include <napi.h>

#include "host/seccomp.h"

namespace veloci {

// Adds the architectures and rules of a SeccompRules object. False when a value has the wrong type.
bool add_seccomp_rules(Napi::Object rules, SeccompFilter &filter);

} // namespace veloci

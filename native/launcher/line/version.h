// What `veloci version` says.
#pragma once
#include "identity.h"

namespace veloci {

constexpr char build_version[] = VELOCI_VERSION;
constexpr char build_commit[] = VELOCI_COMMIT;
// Version of the runtime specification.
constexpr char spec_version[] = "1.3.0";

} // namespace veloci

// What `veloci version` says.
#pragma once

namespace veloci {

#ifdef VELOCI_VERSION
constexpr char build_version[] = VELOCI_VERSION;
#else
constexpr char build_version[] = "0.1.0";
#endif
#ifdef VELOCI_COMMIT
constexpr char build_commit[] = VELOCI_COMMIT;
#else
constexpr char build_commit[] = "unknown";
#endif
// Version of the runtime specification.
constexpr char spec_version[] = "1.3.0";

} // namespace veloci

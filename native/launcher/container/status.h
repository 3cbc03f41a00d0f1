// The status of a container: derived from its record and its process, never stored.
#pragma once
#include "base/types.h"

namespace veloci {

struct Record;
struct Hierarchy;

enum class Status : uint8_t { creating, created, running, paused, stopped };

// Name of a status, as in the state JSON.
Str status_name(Status status);

// The status of the moment: 0, or an errno when it cannot be read. `known` as of open_own_cgroup, for who looks at
// many.
int container_status(const Record &record, Status &status, Hierarchy *known = nullptr);

} // namespace veloci

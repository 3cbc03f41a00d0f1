// The status of a container: derived from its record and its process, never stored.
#pragma once
#include "base/types.h"

namespace veloci {

struct Record;

enum class Status : uint8_t { creating, created, running, paused, stopped };

// Name of a status, as in the state JSON.
Str status_name(Status status);

Status container_status(const Record &record);

} // namespace veloci

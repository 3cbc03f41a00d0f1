// Whether a cgroup is frozen, by itself or by one above: freezer.state of v1, cgroup.events of v2.
#pragma once
#include "base/types.h"

namespace veloci {

enum class Frozen : uint8_t { unknown, no, on_its_way, yes };

// The state of a cgroup; unknown and errno where it has none.
Frozen frozen_state(int cgroup);

} // namespace veloci

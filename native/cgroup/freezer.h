// Freezers of both versions: which cgroup freezes a container, and whether a cgroup is frozen.
#pragma once
#include "generated/plan.gen.h"
#include "record/record.h"

namespace veloci {

// The cgroup by which a container is frozen.
struct FreezerCgroup {
  RecordCgroup cgroup;
  FreezerVersion version{};
};

// That of a container for which no plan speaks: what state.record has kept. False when it has none.
bool find_freezer(const Record &record, FreezerCgroup &freezer);

enum class Frozen : uint8_t { unknown, no, on_its_way, yes };

// Whether a cgroup is frozen, by itself or by one above; unknown and errno where that cannot be read.
Frozen frozen_state(int cgroup, FreezerVersion version);

// The file that shows it, and changes when it does.
const char *frozen_file(FreezerVersion version);

// Whether a cgroup is frozen, or shall be, by itself.
bool is_switched_on(int cgroup, FreezerVersion version);

// Whether one above a cgroup is frozen, or shall be. Known on v1 alone.
bool is_frozen_above(int cgroup, FreezerVersion version);

// Freezes or thaws a cgroup. False and errno on failure: ENOENT where it cannot be frozen.
bool set_frozen(int cgroup, FreezerVersion version, bool frozen);

} // namespace veloci

// The plans that are remembered: files of ROOT/.cache/plans, named by what they are for.
#pragma once
#include "shape/holes.h"

namespace veloci {

// What is remembered of a start.
struct PlanEntry {
  Buffer memory;
  Bytes shape;
  const PlanHole *plan_holes = nullptr, *stored_holes = nullptr;
  size_t plan_hole_count = 0, stored_hole_count = 0;
  uint8_t *plan = nullptr, *stored = nullptr;
  size_t plan_size = 0, stored_size = 0;
};

// What is to be remembered.
struct NewPlanEntry {
  Bytes shape, plan_holes, stored_holes, plan, stored;
};

class PlanStore {
public:
  static constexpr uint32_t entries_max = 256;
  static constexpr uint64_t bytes_max = 16 << 20;
  static constexpr size_t entry_max = 1 << 20;

  // Opens the folder in a state root; with `create` it is made. False when there is none, or when others can write to
  // it.
  bool open(int root, bool create);
  bool valid() const { return folder_.valid(); }
  // Whether there is anything for a configuration of this digest.
  bool knows(uint64_t config);
  // Reads what there is for a configuration and a request, and counts that. False when nothing is, or not for this
  // shape.
  bool read(uint64_t config, uint64_t request, Bytes shape, PlanEntry &entry);
  // Keeps an entry in place of the one of the same name; those that were not used for the longest time go when there
  // are too many. A failure costs time later, and nothing else.
  void write(uint64_t config, uint64_t request, const NewPlanEntry &entry);

private:
  void trim();

  Fd folder_;
};

} // namespace veloci

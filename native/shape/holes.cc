#include "shape/holes.h"

namespace veloci {

namespace {

// Bytes of the plan on both sides of a place.
struct Pair {
  Bytes plan, other;
};

// How much of a name stands at an offset, in both.
uint32_t match(const Pair &pair, size_t offset, Str name, Bytes other) {
  uint32_t size = 0;
  while (size < name.size && offset + size < pair.plan.size &&
         pair.plan.data[offset + size] == static_cast<uint8_t>(name.data[size]) &&
         pair.other.data[offset + size] == other.data[size])
    size++;
  return size;
}

// Bytes of a name before the first one that differs.
uint32_t lead_of(Str name, Bytes other) {
  uint32_t lead = 0;
  while (lead < name.size && static_cast<uint8_t>(name.data[lead]) == other.data[lead]) lead++;
  return lead;
}

} // namespace

bool find_holes(const Shape &shape, const Bytes (&others)[Shape::names_max], Bytes plan, Bytes other, Buffer &holes) {
  if (plan.size != other.size) return false;
  Pair pair{plan, other};
  // A beginning that is no whole name must be long enough to be no accident.
  constexpr uint32_t beginning = 12;
  size_t end = 0;
  for (size_t cursor = 0; cursor < plan.size;) {
    if (plan.data[cursor] == other.data[cursor]) {
      cursor++;
      continue;
    }
    PlanHole hole = {};
    bool unclear = false;
    for (uint32_t i = 0; i < shape.name_count(); i++) {
      Str name = shape.name(i).text;
      uint32_t lead = lead_of(name, others[i]);
      if (lead == name.size || cursor < end + lead) continue;
      uint32_t size = match(pair, cursor - lead, name, others[i]);
      bool enough = size > lead && (size == name.size || size >= beginning);
      if (!enough || size < hole.size) continue;
      unclear = size == hole.size;
      hole = {static_cast<uint32_t>(cursor - lead), size, i};
    }
    if (hole.size == 0 || unclear || !holes.add(&hole, sizeof hole)) return false;
    end = cursor = hole.offset + hole.size;
  }
  return true;
}

bool fits(const Shape &shape, const PlanHole *holes, size_t count, size_t size) {
  for (size_t i = 0; i < count; i++) {
    const PlanHole &hole = holes[i];
    if (hole.name >= shape.name_count() || hole.size > shape.name(hole.name).text.size) return false;
    if (hole.offset > size || hole.size > size - hole.offset) return false;
  }
  return true;
}

void fill_holes(const Shape &shape, const PlanHole *holes, size_t count, uint8_t *bytes) {
  for (size_t i = 0; i < count; i++)
    memcpy(bytes + holes[i].offset, shape.name(holes[i].name).text.data, holes[i].size);
}

} // namespace veloci

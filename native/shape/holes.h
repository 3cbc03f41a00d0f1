// Where the names of a start stand in what the engine has made of it.
#pragma once
#include "shape/shape.h"

namespace veloci {

// A place of a plan that a name fills, or the beginning of one.
struct PlanHole {
  uint32_t offset;
  uint32_t size;
  uint32_t name;
};

// Compares what the engine has made of a start with what it has made of the same one under other names. They may differ
// only where a name stands; these places are added to `holes`. False when they differ otherwise: then the names are
// more than names to the engine, and nothing may be remembered.
bool find_holes(const Shape &shape, const Bytes (&others)[Shape::names_max], Bytes plan, Bytes other, Buffer &holes);

// Whether the holes lie in as many bytes, in names of a shape.
bool fits(const Shape &shape, const PlanHole *holes, size_t count, size_t size);

// Puts the names of a shape into bytes.
void fill_holes(const Shape &shape, const PlanHole *holes, size_t count, uint8_t *bytes);

} // namespace veloci

#include "plan/fill.h"

namespace veloci {
namespace {

constexpr size_t number_max = 40; // the longest of numbers and times

// Upper bound of the bytes that a filled template takes, with the NUL.
size_t filled_size(const Template &text, const HoleValues &values) {
  size_t size = 1;
  text.for_each([&](const TemplatePart &part) {
    if (!part.is_hole)
      size += part.literal.size;
    else
      size += part.hole == Hole::id ? values.id.size : number_max;
  });
  return size;
}

} // namespace

bool fill(const Template &text, const HoleValues &values, Text &out) {
  text.for_each([&](const TemplatePart &part) {
    if (!part.is_hole) {
      out.add(part.literal);
      return;
    }
    switch (part.hole) {
    case Hole::pid: out.add_signed(values.pid); break;
    case Hole::start_time: out.add_number(values.start_time); break;
    case Hole::exit_code: out.add_signed(values.exit_code); break;
    case Hole::created: out.add_time(values.created); break;
    case Hole::id: out.add(values.id); break;
    case Hole::process: out.add_signed(values.process); break;
    }
  });
  return out.complete();
}

bool fill(const Template &text, const HoleValues &values, Pages &memory, Str &out) {
  size_t size = filled_size(text, values);
  if (!memory.allocate(size)) return false;
  Text filled(memory.data(), size);
  fill(text, values, filled);
  out = filled.str();
  return true;
}

} // namespace veloci

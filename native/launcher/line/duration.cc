#include "launcher/line/duration.h"

namespace veloci {

namespace {

struct Unit {
  const char *name;
  uint64_t nanoseconds;
};
constexpr Unit units[] = {
    {"ns", 1},       {"us", 1000},      {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000},
    {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000},  {"h", 3600000000000},
};
constexpr uint64_t longest = 366ull * 86400 * 1000000000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The unit at the beginning of a text: the longest name that fits.
const Unit *find_unit(const char *cursor, size_t &size) {
  const Unit *result = nullptr;
  size = 0;
  for (const Unit &unit : units) {
    size_t length = strlen(unit.name);
    if (length <= size || strncmp(cursor, unit.name, length) != 0) continue;
    result = &unit;
    size = length;
  }
  return result;
}

} // namespace

bool parse_duration(Str text, int64_t &milliseconds) {
  const char *cursor = text.c_str();
  uint64_t total = 0;
  if (*cursor == 0) return false;
  while (*cursor != 0) {
    // In millionths, so that fractions are exact enough.
    constexpr uint64_t scale = 1000000;
    uint64_t value = 0, place = scale;
    bool digits = false;
    for (; is_digit(*cursor); cursor++, digits = true) {
      value = value * 10 + static_cast<uint64_t>(*cursor - '0') * scale;
      if (value > longest) return false;
    }
    if (*cursor == '.') {
      for (cursor++; is_digit(*cursor); cursor++, digits = true)
        value += static_cast<uint64_t>(*cursor - '0') * (place /= 10);
    }
    if (!digits) return false;
    size_t size = 0;
    const Unit *unit = find_unit(cursor, size);
    uint64_t each = 1000000000;
    if (unit != nullptr)
      each = unit->nanoseconds;
    else if (*cursor != 0)
      return false;
    cursor += size;
    unsigned __int128 nanoseconds = static_cast<unsigned __int128>(value) * each / scale;
    if (nanoseconds > longest) return false;
    total += static_cast<uint64_t>(nanoseconds);
    if (total > longest) return false;
  }
  milliseconds = static_cast<int64_t>(total / 1000000);
  if (milliseconds == 0 && total > 0) milliseconds = 1;
  return milliseconds > 0;
}

} // namespace veloci

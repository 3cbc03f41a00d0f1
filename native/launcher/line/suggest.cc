#include "launcher/line/suggest.h"

namespace veloci {

namespace {

constexpr uint32_t longest = 32;

// Edit distance of two short texts: letters added, dropped or changed, and neighbours that have changed places.
uint32_t edit_distance(Str a, Str b) {
  uint32_t rows[3][longest + 1];
  for (uint32_t j = 0; j <= b.size; j++) rows[0][j] = j;
  for (uint32_t i = 1; i <= a.size; i++) {
    uint32_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above_that = rows[(i + 1) % 3];
    row[0] = i;
    for (uint32_t j = 1; j <= b.size; j++) {
      uint32_t best = above[j - 1] + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
      if (above[j] + 1 < best) best = above[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      bool swapped = i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
      if (swapped && above_that[j - 2] + 1 < best) best = above_that[j - 2] + 1;
      row[j] = best;
    }
  }
  return rows[a.size % 3][b.size];
}

} // namespace

void Suggestion::consider(const char *name) {
  Str candidate = Str::of(name);
  if (given_.size > longest || candidate.size > longest || given_.empty()) return;
  uint32_t distance = edit_distance(given_, candidate);
  uint32_t near = candidate.size <= 4 ? 1 : 2;
  if (distance > near || distance >= distance_) return;
  distance_ = distance;
  best_ = candidate;
}

} // namespace veloci

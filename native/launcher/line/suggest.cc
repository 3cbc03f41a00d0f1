#include "launcher/line/suggest.h"

namespace veloci {

namespace {

constexpr uint32_t longest = 32;

// Levenshtein distance of two short texts.
uint32_t edit_distance(Str a, Str b) {
  uint32_t row[longest + 1];
  for (uint32_t j = 0; j <= b.size; j++) row[j] = j;
  for (uint32_t i = 1; i <= a.size; i++) {
    uint32_t diagonal = row[0];
    row[0] = i;
    for (uint32_t j = 1; j <= b.size; j++) {
      uint32_t replaced = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
      diagonal = row[j];
      uint32_t best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = replaced < best ? replaced : best;
    }
  }
  return row[b.size];
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

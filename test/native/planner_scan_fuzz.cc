// json_scan on arbitrary bytes: no access out of bounds, and what it says about UTF-8 holds for each part.
#include <stdlib.h>

#include "json/scan.h"

using veloci::json_scan;

namespace {

void expect(bool good) {
  if (!good) abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // An exact copy, so that the sanitizer sees a read behind the end.
  uint8_t *copy = static_cast<uint8_t *>(malloc(size == 0 ? 1 : size));
  if (size != 0) memcpy(copy, data, size);
  veloci::JsonScan found = json_scan({copy, size});
  if (found.utf8) {
    expect(found.members <= size);
    for (size_t offset = 0; offset < size;) {
      size_t length = veloci::utf8_sequence(copy + offset, copy + size);
      expect(length != 0);
      offset += length;
    }
  } else {
    expect(found.bad_byte < size && !found.plain && found.members == 0);
    expect(veloci::utf8_sequence(copy + found.bad_byte, copy + size) == 0);
    expect(json_scan({copy, found.bad_byte}).utf8);
  }
  free(copy);
  return 0;
}

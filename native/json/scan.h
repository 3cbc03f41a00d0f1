// One pass over the bytes of a JSON text: what Host.scan of src/engine/protocol.ts describes.
#pragma once
#include "base/types.h"

namespace veloci {

struct JsonScan {
  bool utf8 = false;    // valid UTF-8 (RFC 3629) from the first byte to the last
  size_t bad_byte = 0;  // offset of the first byte that is not, when it is not
  bool plain = false;   // nothing that needs the exact parser
  uint32_t members = 0; // colons outside of strings
};

JsonScan json_scan(Bytes text);

// Length of the valid UTF-8 sequence that starts at `at` (at < end), or 0.
size_t utf8_sequence(const uint8_t *cursor, const uint8_t *end);

} // namespace veloci

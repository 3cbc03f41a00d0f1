// Foreign text between quotes: in JSON, and in other forms that escape alike.
#pragma once
#include "base/types.h"

namespace veloci {

// One character as it stands between quotes.
struct Quoted {
  // At most an escape of six characters.
  char text[8];
  uint8_t size;
  // How many bytes of the text it stands for.
  uint8_t taken;
};

// The character at a place before `end`. A byte that is not part of valid UTF-8 becomes U+FFFD; control characters are
// escaped by `control` and two hexadecimal digits where there is no shorter way.
Quoted quote(const uint8_t *cursor, const uint8_t *end, const char *control = "\\u00");

} // namespace veloci

#include "json/quote.h"
#include "json/scan.h"

namespace veloci {
namespace {

// The letter of an escape of two characters, or nothing.
char short_escape(uint8_t byte) {
  switch (byte) {
  case '"': return '"';
  case '\\': return '\\';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return 0;
  }
}

} // namespace

Quoted quote(const uint8_t *cursor, const uint8_t *end, const char *control) {
  constexpr char replacement[] = "\xef\xbf\xbd", digits[] = "0123456789abcdef";
  size_t length = utf8_sequence(cursor, end);
  Quoted quoted = {};
  quoted.taken = static_cast<uint8_t>(length == 0 ? 1 : length);
  auto add = [&](const void *data, size_t size) {
    memcpy(quoted.text + quoted.size, data, size);
    quoted.size = static_cast<uint8_t>(quoted.size + size);
  };
  if (length == 0) {
    add(replacement, sizeof replacement - 1);
  } else if (char letter = short_escape(*cursor); letter != 0) {
    char escape[] = {'\\', letter};
    add(escape, sizeof escape);
  } else if (*cursor < 0x20 || *cursor == 0x7f) {
    add(control, strlen(control));
    add(&digits[*cursor >> 4], 1);
    add(&digits[*cursor & 15], 1);
  } else {
    add(cursor, length);
  }
  return quoted;
}

} // namespace veloci

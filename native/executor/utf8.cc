#include "executor/utf8.h"

namespace veloci {

unsigned utf8_length(const char *data, size_t size) {
  if (size == 0) return 0;
  auto byte = [&](size_t at) { return static_cast<uint8_t>(data[at]); };
  uint8_t first = byte(0);
  if (first < 0x80) return 1;
  unsigned length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || size < length) return 0;
  for (unsigned at = 1; at < length; at++) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

bool utf8_valid(Str text) {
  for (size_t at = 0; at < text.size;) {
    unsigned length = utf8_length(text.data + at, text.size - at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

namespace {

constexpr char replacement[] = "\xef\xbf\xbd";
constexpr char hex[] = "0123456789abcdef";

// The escape that JSON and Go share, or nothing.
char short_escape(char character) {
  switch (character) {
  case '"': return '"';
  case '\\': return '\\';
  case '\n': return 'n';
  case '\r': return 'r';
  case '\t': return 't';
  default: return 0;
  }
}

void add_escaped(Text &out, Str value, const char *control) {
  out.add_char('"');
  for (size_t at = 0; at < value.size;) {
    const char *data = value.data + at;
    unsigned length = utf8_length(data, value.size - at);
    if (length == 0) {
      out.add(replacement);
      at++;
      continue;
    }
    at += length;
    auto byte = static_cast<uint8_t>(*data);
    if (char escape = short_escape(*data); escape != 0) out.add_char('\\').add_char(escape);
    else if (byte < 0x20 || byte == 0x7f) out.add(control).add_char(hex[byte >> 4]).add_char(hex[byte & 15]);
    else out.add(data, length);
  }
  out.add_char('"');
}

} // namespace

Text &add_json(Text &out, Str value) {
  add_escaped(out, value, "\\u00");
  return out;
}

Text &add_quoted(Text &out, Str value) {
  add_escaped(out, value, "\\x");
  return out;
}

Text &add_printable(Text &out, Str text, bool one_line) {
  for (size_t at = 0; at < text.size;) {
    const char *data = text.data + at;
    unsigned length = utf8_length(data, text.size - at);
    auto byte = static_cast<uint8_t>(*data);
    bool c1 = length == 2 && byte == 0xc2 && static_cast<uint8_t>(data[1]) < 0xa0;
    bool c0 = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
    if (length == 0 || c0 || c1) out.add(replacement);
    else if (byte == '\n' && one_line) out.add_char(' ');
    else out.add(data, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

} // namespace veloci

#include "executor/log/utf8.h"
#include "executor/log/style.h"
#include "json/scan.h"

namespace veloci {

namespace {

// Length of the UTF-8 sequence at a place of a text; 0 when it is not valid.
size_t length_at(Str text, size_t at) {
  const auto *data = reinterpret_cast<const uint8_t *>(text.data);
  return utf8_sequence(data + at, data + text.size);
}

} // namespace

bool utf8_valid(Str text) {
  for (size_t at = 0; at < text.size;) {
    size_t length = length_at(text, at);
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
    size_t length = length_at(value, at);
    if (length == 0) {
      out.add(replacement);
      at++;
      continue;
    }
    at += length;
    auto byte = static_cast<uint8_t>(*data);
    if (char escape = short_escape(*data); escape != 0)
      out.add_char('\\').add_char(escape);
    else if (byte < 0x20 || byte == 0x7f)
      out.add(control).add_char(hex[byte >> 4]).add_char(hex[byte & 15]);
    else
      out.add(data, length);
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

Text &add_printable(Text &out, Str text, bool one_line, bool marked) {
  for (size_t at = 0; at < text.size;) {
    const char *data = text.data + at;
    size_t length = length_at(text, at);
    auto byte = static_cast<uint8_t>(*data);
    bool c1 = length == 2 && byte == 0xc2 && static_cast<uint8_t>(data[1]) < 0xa0;
    bool c0 = (byte < 0x20 && byte != '\n' && byte != '\t' && !(marked && is_mark(*data))) || byte == 0x7f;
    if (length == 0 || c0 || c1)
      out.add(replacement);
    else if (byte == '\n' && one_line)
      out.add_char(' ');
    else
      out.add(data, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

} // namespace veloci

#include "executor/log/utf8.h"
#include "executor/log/style.h"
#include "json/quote.h"
#include "json/scan.h"

namespace veloci {

namespace {

// Length of the UTF-8 sequence at a place of a text; 0 when it is not valid.
size_t length_at(Str text, size_t offset) {
  const auto *data = reinterpret_cast<const uint8_t *>(text.data);
  return utf8_sequence(data + offset, data + text.size);
}

} // namespace

bool utf8_valid(Str text) {
  for (size_t offset = 0; offset < text.size;) {
    size_t length = length_at(text, offset);
    if (length == 0) return false;
    offset += length;
  }
  return true;
}

namespace {

constexpr char replacement[] = "\xef\xbf\xbd";

Text &add_between_quotes(Text &out, Str value, const char *control) {
  out.add_char('"');
  const auto *cursor = reinterpret_cast<const uint8_t *>(value.data), *end = cursor + value.size;
  while (cursor < end) {
    Quoted next = quote(cursor, end, control);
    out.add(next.text, next.size);
    cursor += next.taken;
  }
  return out.add_char('"');
}

} // namespace

Text &add_json(Text &out, Str value) { return add_between_quotes(out, value, "\\u00"); }

Text &add_quoted(Text &out, Str value) { return add_between_quotes(out, value, "\\x"); }

Text &add_printable(Text &out, Str text, bool one_line, bool marked) {
  for (size_t offset = 0; offset < text.size;) {
    const char *data = text.data + offset;
    size_t length = length_at(text, offset);
    auto byte = static_cast<uint8_t>(*data);
    bool c1 = length == 2 && byte == 0xc2 && static_cast<uint8_t>(data[1]) < 0xa0;
    bool c0 = (byte < 0x20 && byte != '\n' && byte != '\t' && !(marked && is_mark(*data))) || byte == 0x7f;
    if (length == 0 || c0 || c1)
      out.add(replacement);
    else if (byte == '\n' && one_line)
      out.add_char(' ');
    else
      out.add(data, length);
    offset += length == 0 ? 1 : length;
  }
  return out;
}

} // namespace veloci

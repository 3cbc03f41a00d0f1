#include "executor/text.h"

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

template <class Control> void add_escaped(Text &text, Str value, Control control) {
  text.add('"');
  for (size_t at = 0; at < value.size;) {
    const char *data = value.data + at;
    unsigned length = utf8_length(data, value.size - at);
    if (length == 0) {
      text.add("\xef\xbf\xbd");
      at++;
      continue;
    }
    at += length;
    auto byte = static_cast<uint8_t>(*data);
    if (char escape = short_escape(*data); escape != 0) text.add('\\').add(escape);
    else if (byte < 0x20 || byte == 0x7f) control(byte);
    else text.add(data, length);
  }
  text.add('"');
}

} // namespace

Text &Text::json(Str value) {
  add_escaped(*this, value, [&](uint8_t byte) { add("\\u00").add(hex[byte >> 4]).add(hex[byte & 15]); });
  return *this;
}

Text &Text::quoted(Str value) {
  add_escaped(*this, value, [&](uint8_t byte) { add("\\x").add(hex[byte >> 4]).add(hex[byte & 15]); });
  return *this;
}

void add_time(Text &text, int64_t seconds, uint32_t nanoseconds, bool fraction) {
  // Days to year, month, day in the proleptic Gregorian calendar, counted from 1 March 0000.
  int64_t days = seconds / 86400 + 719468;
  auto second = static_cast<uint32_t>(seconds % 86400);
  auto era = static_cast<uint32_t>(days / 146097);
  auto day_of_era = static_cast<uint32_t>(days % 146097);
  uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t shifted = (5 * day_of_year + 2) / 153;
  uint32_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
  uint32_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  uint32_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  text.number(year, 4).add('-').number(month, 2).add('-').number(day, 2);
  text.add('T').number(second / 3600, 2).add(':').number(second / 60 % 60, 2);
  text.add(':').number(second % 60, 2);
  if (fraction) text.add('.').number(nanoseconds, 9);
  text.add('Z');
}

} // namespace veloci

#include "json/json_parts.h"

#include "base/io.h"
#include "json/quote.h"

namespace veloci {

void JsonWriter::raw(const char *data, size_t size) {
  if (full_ || static_cast<size_t>(end_ - position_) < size + 1) {
    full_ = true;
    return;
  }
  memcpy(position_, data, size);
  position_ += size;
  *position_ = '\0';
}

void JsonWriter::separate() {
  if (comma_) raw(",", 1);
  comma_ = true;
}

JsonWriter &JsonWriter::open(char bracket) {
  separate();
  raw(&bracket, 1);
  comma_ = false;
  return *this;
}

JsonWriter &JsonWriter::close(char bracket) {
  raw(&bracket, 1);
  comma_ = true;
  return *this;
}

JsonWriter &JsonWriter::key(const char *name) {
  separate();
  raw("\"", 1);
  raw(name, strlen(name));
  raw("\":", 2);
  comma_ = false;
  return *this;
}

JsonWriter &JsonWriter::string(Str text) {
  separate();
  raw("\"", 1);
  const uint8_t *cursor = reinterpret_cast<const uint8_t *>(text.data);
  const uint8_t *end = cursor + text.size;
  while (cursor < end) {
    Quoted next = quote(cursor, end);
    raw(next.text, next.size);
    cursor += next.taken;
  }
  raw("\"", 1);
  return *this;
}

JsonWriter &JsonWriter::number(uint64_t value) {
  separate();
  char digits[20];
  size_t size = 0;
  do {
    digits[sizeof digits - ++size] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  raw(digits + sizeof digits - size, size);
  return *this;
}

JsonWriter &JsonWriter::integer(int64_t value) {
  if (value >= 0) return number(static_cast<uint64_t>(value));
  separate();
  raw("-", 1);
  comma_ = false;
  return number(-static_cast<uint64_t>(value));
}

JsonWriter &JsonWriter::decimal(Str text) {
  constexpr char digits[] = "0123456789";
  uint32_t offset = text.size > 0 && text.data[0] == '-' ? 1 : 0;
  bool valid = offset < text.size && memchr(digits, text.data[offset], 10) != nullptr &&
               memchr(digits, text.data[text.size - 1], 10) != nullptr;
  unsigned points = 0;
  for (; offset < text.size; offset++) {
    if (text.data[offset] == '.')
      points++;
    else if (memchr(digits, text.data[offset], 10) == nullptr)
      valid = false;
  }
  separate();
  if (valid && points <= 1)
    raw(text.data, text.size);
  else
    raw("0", 1);
  return *this;
}

JsonWriter &JsonWriter::boolean(bool value) {
  separate();
  raw(value ? "true" : "false", value ? 4 : 5);
  return *this;
}

JsonWriter &JsonWriter::members(Str text) {
  separate();
  raw(text.data, text.size);
  return *this;
}

JsonWriter &JsonWriter::null() {
  separate();
  raw("null", 4);
  return *this;
}

int64_t decimal_of(Str digits) {
  uint64_t number = 0;
  return parse_number(digits, INT64_MAX, number) ? static_cast<int64_t>(number) : 0;
}

} // namespace veloci

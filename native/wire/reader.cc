#include "wire/reader.h"

namespace veloci {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "plans are little-endian");

bool Reader::fail(const char *what) {
  if (!what_) what_ = what;
  position_ = end_;
  return false;
}

bool Reader::take(size_t size, Bytes &value) {
  if (!has(size)) return false;
  value = {position_, size};
  position_ += size;
  return true;
}

bool read_index(Reader &reader, uint8_t &value, uint8_t count) {
  if (!reader.integer(value)) return false;
  return value < count || reader.fail("a value is none of those that its type has");
}

bool read(Reader &reader, bool &value) {
  uint8_t byte = 0;
  if (!read_index(reader, byte, 2)) return false;
  value = byte != 0;
  return true;
}

bool read(Reader &reader, Slot &value) { return read_index(reader, value.number, Slot::count); }

bool read(Reader &reader, Bytes &value) {
  uint32_t size = 0;
  return reader.integer(size) && reader.take(size, value);
}

bool read(Reader &reader, Str &value) {
  Bytes bytes;
  uint8_t terminator = 0;
  if (!read(reader, bytes) || !reader.integer(terminator)) return false;
  if (terminator != 0) return reader.fail("a text does not end with a NUL");
  if (bytes.size != 0 && memchr(bytes.data, 0, bytes.size)) return reader.fail("a text has a NUL inside");
  value = {reinterpret_cast<const char *>(bytes.data), static_cast<uint32_t>(bytes.size)};
  return true;
}

bool read_part(Reader &reader, TemplatePart &part, uint8_t holes) {
  uint8_t kind = 0;
  if (!read_index(reader, kind, 1 + holes)) return false;
  part.is_hole = kind != 0;
  if (!part.is_hole) return read(reader, part.literal);
  part.hole = static_cast<Hole>(kind - 1);
  return true;
}

bool read(Reader &reader, OpRecord &record) {
  uint16_t zero = 0;
  if (!reader.integer(record.code) || !reader.integer(zero)) return false;
  if (zero != 0) return reader.fail("reserved bytes of an operation are not zero");
  return read(reader, record.body);
}

} // namespace veloci

#include "executor/criu/criu_message.h"

namespace veloci {

namespace {

// Wire types of protobuf.
constexpr unsigned wire_varint = 0, wire_fixed64 = 1, wire_bytes = 2, wire_fixed32 = 5;

struct Field {
  unsigned number = 0;
  uint64_t value = 0;
  Bytes bytes;
};

class ProtoReader {
public:
  explicit ProtoReader(Bytes bytes) : position_(bytes.data), end_(bytes.data + bytes.size) {}

  // The next field; false at the end and when the bytes are malformed.
  bool next(Field &field) {
    if (position_ == end_) return false;
    uint64_t key, size;
    if (!varint(key) || key >> 3 == 0 || key >> 3 > 0xffff) return fail();
    field = {static_cast<unsigned>(key >> 3), 0, {}};
    switch (key & 7) {
    case wire_varint: return varint(field.value) || fail();
    case wire_bytes:
      if (!varint(size)) return fail();
      field.bytes.data = position_;
      field.bytes.size = size;
      return skip(size);
    case wire_fixed64: return skip(8);
    case wire_fixed32: return skip(4);
    default: return fail();
    }
  }
  bool good() const { return good_; }

private:
  bool fail() {
    good_ = false;
    return false;
  }
  bool skip(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - position_)) return fail();
    position_ += size;
    return true;
  }
  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && position_ < end_; shift += 7) {
      uint8_t byte = *position_++;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  const uint8_t *position_, *end_;
  bool good_ = true;
};

template <class Take> bool each(Bytes bytes, Take take) {
  ProtoReader reader(bytes);
  Field field;
  while (reader.next(field)) take(field);
  return reader.good();
}

bool read_version(Bytes bytes, uint64_t &version) {
  uint64_t major = 0, minor = 0, sublevel = 0;
  bool good = each(bytes, [&](const Field &field) {
    if (field.number == 1) major = field.value;
    if (field.number == 2) minor = field.value;
    if (field.number == 4) sublevel = field.value;
  });
  if (major > 9999 || minor > 99 || sublevel > 99) return false;
  version = major * 10000 + minor * 100 + sublevel;
  return good;
}

void take_text(Text &out, Bytes bytes) { out.add(reinterpret_cast<const char *>(bytes.data), bytes.size); }

int64_t pid_of(uint64_t value) { return static_cast<int32_t>(value); }

// The first words of an image, and the kinds of pages of a pagemap.
constexpr uint32_t common_magic = 0x54564319, pagemap_magic = 0x56084025;
constexpr uint64_t is_in_parent = 1, is_present = 4;

bool take_word(Bytes &rest, uint32_t &word) {
  if (rest.size < sizeof word) return false;
  memcpy(&word, rest.data, sizeof word);
  rest.data += sizeof word;
  rest.size -= sizeof word;
  return true;
}

// The next message of an image, behind its size.
bool take_message(Bytes &rest, Bytes &message) {
  uint32_t size;
  if (!take_word(rest, size) || size > rest.size) return false;
  message = {rest.data, size};
  rest.data += size;
  rest.size -= size;
  return true;
}

// pagemap_entry: the number of pages has another field since CRIU 4.1.
bool count_pages(Bytes message, uint64_t &present) {
  uint64_t flags = is_present, count = 0, older = 0;
  bool known = true;
  bool good = each(message, [&](const Field &field) {
    switch (field.number) {
    case 1: break;
    case 2: older = field.value; break;
    case 3: flags = field.value != 0 ? is_in_parent : is_present; break;
    case 4: flags = field.value; break;
    case 5: count = field.value; break;
    default: known = false;
    }
  });
  if (count == 0) count = older;
  if ((flags & is_present) == 0) return good && known;
  return good && known && !__builtin_add_overflow(present, count, &present);
}

} // namespace

void ProtoWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_.add_char(static_cast<char>(value | 0x80));
  out_.add_char(static_cast<char>(value));
}

void ProtoWriter::number(unsigned field, uint64_t value) {
  varint(field << 3 | wire_varint);
  varint(value);
}

void ProtoWriter::bytes(unsigned field, Str value) {
  varint(field << 3 | wire_bytes);
  varint(value.size);
  out_.add(value);
}

void ProtoWriter::pair(unsigned field, Str first, Str second) {
  TextOf<8320> text;
  ProtoWriter inner(text);
  inner.bytes(1, first);
  inner.bytes(2, second);
  bytes(field, text.str());
}

void ProtoWriter::pair(unsigned field, Str first, uint64_t second) {
  TextOf<4224> text;
  ProtoWriter inner(text);
  inner.bytes(1, first);
  inner.number(2, second);
  bytes(field, text.str());
}

bool read_criu_response(Bytes bytes, CriuResponse &response) {
  bool inner = true;
  bool outer = each(bytes, [&](const Field &field) {
    switch (field.number) {
    case 1: response.type = field.value; break;
    case 2: response.success = field.value != 0; break;
    case 4:
      inner = inner && each(field.bytes, [&](const Field &part) {
                if (part.number == 1) response.restored_pid = pid_of(part.value);
              });
      break;
    case 5:
      inner = inner && each(field.bytes, [&](const Field &part) {
                if (part.number == 1) take_text(response.script, part.bytes);
                if (part.number == 2) response.notify_pid = pid_of(part.value);
              });
      break;
    case 9: take_text(response.error, field.bytes); break;
    case 10: inner = inner && read_version(field.bytes, response.version); break;
    default: break;
    }
  });
  return outer && inner;
}

bool read_criu_pagemap(Bytes image, CriuPagemap &pagemap) {
  Bytes message;
  uint32_t magic = 0;
  if (!take_word(image, magic)) return false;
  if (magic == common_magic && !take_word(image, magic)) return false;
  if (magic != pagemap_magic || !take_message(image, message)) return false;
  bool known = true;
  bool good = each(message, [&](const Field &field) {
    known = known && field.number == 1;
    pagemap.pages_id = field.value;
  });
  while (good && known && image.size > 0) good = take_message(image, message) && count_pages(message, pagemap.present);
  return good && known;
}

} // namespace veloci

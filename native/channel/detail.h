// What a failed operation says besides step and errno (schema/protocol, Detail), as it goes from process to process:
// parts that are separated by a NUL, each a byte for what it is and a text. A number is decimal digits, a value of a
// set its place from 1 as a byte. `words` come last: they may hold any bytes.
#pragma once
#include "base/io.h"
#include "generated/protocol_values.gen.h"

namespace veloci {

constexpr size_t detail_max = 4096;

class Detail {
public:
  // Begins a part; `start` drops what was there.
  Text &start(DetailPart part);
  Text &next(DetailPart part);
  Text &words();
  void clear() { text_.clear(); }
  // Takes over what another process has sent.
  void take(const char *bytes, size_t size) {
    text_.clear();
    text_.add(bytes, size);
  }

  bool empty() const { return text_.size() == 0; }
  Str bytes() const { return text_.str(); }

private:
  TextOf<detail_max> text_;
};

// Walks the parts. Bytes of another form are words: an init of an earlier version has sent them.
class DetailParts {
public:
  explicit DetailParts(Str bytes) : rest_(bytes) {}
  bool next(DetailPart &part, Str &text) {
    if (rest_.empty()) return false;
    unsigned mark = static_cast<uint8_t>(rest_.data[0]) - 1u;
    if (mark >= detail_part_count) {
      part = DetailPart::words;
      text = rest_;
      rest_ = {};
      return true;
    }
    part = static_cast<DetailPart>(mark);
    uint32_t size =
        part == DetailPart::words ? rest_.size - 1 : static_cast<uint32_t>(strnlen(rest_.data + 1, rest_.size - 1));
    text = {rest_.data + 1, size};
    uint32_t used = size + 2 < rest_.size ? size + 2 : rest_.size;
    rest_ = {rest_.data + used, rest_.size - used};
    return true;
  }

private:
  Str rest_;
};

} // namespace veloci

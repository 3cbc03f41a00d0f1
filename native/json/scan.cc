#include "json/scan.h"

namespace veloci {
namespace {

constexpr int max_depth = 64;
constexpr int exact_digits = 15; // every integer of so many digits is a double

// What a byte means to the scanner; everything else is passed over.
enum Class : uint8_t { skip, quote, backslash, colon, open, close, control, digit, underscore, high };

struct Classes {
  uint8_t of[256] = {};
  constexpr Classes() {
    for (int byte = 0; byte < 0x20; byte++) of[byte] = control;
    of[uint8_t('"')] = quote;
    of[uint8_t('\\')] = backslash;
    of[uint8_t(':')] = colon;
    of[uint8_t('{')] = of[uint8_t('[')] = open;
    of[uint8_t('}')] = of[uint8_t(']')] = close;
    of[uint8_t('_')] = underscore;
    for (int byte = '0'; byte <= '9'; byte++) of[byte] = digit;
    for (int byte = 0x80; byte < 0x100; byte++) of[byte] = high;
  }
};
constexpr Classes classes;

constexpr bool in_range(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

class Scanner {
public:
  explicit Scanner(Bytes text) : start_(text.data), position_(text.data), end_(text.data + text.size) {}

  JsonScan run() {
    result_.plain = true;
    if (!outside()) {
      JsonScan bad;
      bad.bad_byte = static_cast<size_t>(position_ - start_);
      return bad;
    }
    result_.utf8 = true;
    return result_;
  }

private:
  // Passes over a multi-byte character; false when it is not valid.
  bool pass_high() {
    size_t length = utf8_sequence(position_, end_);
    position_ += length;
    return length != 0;
  }

  bool outside() {
    while (position_ < end_) {
      switch (classes.of[*position_]) {
      case quote:
        position_++;
        if (!string()) return false;
        continue;
      case colon: result_.members++; break;
      case open:
        if (++depth_ > max_depth) result_.plain = false;
        break;
      case close: depth_--; break;
      case control:
        if (*position_ == 0) result_.plain = false;
        break;
      case digit: number(); continue;
      case high:
        if (!pass_high()) return false;
        continue;
      default: break;
      }
      position_++;
    }
    return true;
  }

  void number() {
    const uint8_t *first = position_;
    while (position_ < end_ && classes.of[*position_] == digit) position_++;
    bool fraction = position_ < end_ && (*position_ == '.' || *position_ == 'e' || *position_ == 'E');
    bool leading_zero = *first == '0' && position_ - first > 1;
    if (position_ - first > exact_digits || fraction || leading_zero) result_.plain = false;
  }

  // From behind the opening quote to behind the closing one.
  bool string() {
    while (position_ < end_) {
      switch (classes.of[*position_]) {
      case quote: position_++; return true;
      case backslash: escape(); continue;
      case control: result_.plain = false; break;
      case underscore:
        if (static_cast<size_t>(end_ - position_) >= 9 && memcmp(position_, "__proto__", 9) == 0) result_.plain = false;
        break;
      case high:
        if (!pass_high()) return false;
        continue;
      default: break;
      }
      position_++;
    }
    return true;
  }

  void escape() {
    position_++;
    if (position_ == end_) return;
    if (*position_ == 0 || strchr("\"\\/bfnrt", *position_) == nullptr) result_.plain = false;
    if (*position_ < 0x80) position_++; // a multi-byte character is checked like any other
  }

  const uint8_t *start_;
  const uint8_t *position_;
  const uint8_t *end_;
  int64_t depth_ = 0;
  JsonScan result_;
};

} // namespace

size_t utf8_sequence(const uint8_t *cursor, const uint8_t *end) {
  uint8_t lead = *cursor;
  if (lead < 0x80) return 1;
  size_t length = in_range(lead, 0xc2, 0xdf) ? 2 : in_range(lead, 0xe0, 0xef) ? 3 : in_range(lead, 0xf0, 0xf4) ? 4 : 0;
  if (length == 0 || static_cast<size_t>(end - cursor) < length) return 0;
  // The range of the second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (!in_range(cursor[1], low, high)) return 0;
  for (size_t index = 2; index < length; index++) {
    if (!in_range(cursor[index], 0x80, 0xbf)) return 0;
  }
  return length;
}

JsonScan json_scan(Bytes text) { return Scanner(text).run(); }

} // namespace veloci

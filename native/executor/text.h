// Text built in a buffer of fixed size: what does not fit is cut and remembered as cut.
#pragma once
#include "base/types.h"

namespace veloci {

class Text {
public:
  Text(char *data, size_t capacity) : data_(data), capacity_(capacity) { data_[0] = 0; }

  Text &add(const void *bytes, size_t size) {
    size_t room = capacity_ - 1 - size_;
    if (size > room) {
      size = room;
      cut_ = true;
    }
    memcpy(data_ + size_, bytes, size);
    size_ += size;
    data_[size_] = 0;
    return *this;
  }
  Text &add(const char *text) { return add(text, strlen(text)); }
  Text &add(Str text) { return add(text.data, text.size); }
  Text &add(char character) { return add(&character, 1); }

  // Decimal, padded with zeros to a width.
  Text &number(uint64_t value, unsigned width = 1) {
    char digits[20];
    unsigned count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (width > count) {
      add('0');
      width--;
    }
    while (count > 0) add(digits[--count]);
    return *this;
  }
  Text &integer(int64_t value) {
    if (value < 0) add('-');
    return number(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
  }

  // A JSON string with its quotes. Invalid UTF-8 becomes U+FFFD, control characters are escaped.
  Text &json(Str text);
  Text &json(const char *text) { return json(Str::of(text)); }
  // The same in Go's %q form, as logrus writes values.
  Text &quoted(Str text);

  void clear() {
    size_ = 0;
    cut_ = false;
    data_[0] = 0;
  }
  // Takes back what was added after `size` bytes.
  void shorten(size_t size) {
    if (size < size_) data_[size_ = size] = 0;
    cut_ = false;
  }
  const char *c_str() const { return data_; }
  char *data() { return data_; }
  Str str() const { return {data_, static_cast<uint32_t>(size_)}; }
  size_t size() const { return size_; }
  size_t room() const { return capacity_ - 1 - size_; }
  bool cut() const { return cut_; }

private:
  char *data_;
  size_t capacity_;
  size_t size_ = 0;
  bool cut_ = false;
};

// The same with its buffer inside.
template <size_t N> class TextOf : public Text {
public:
  TextOf() : Text(buffer_, N) {}
  TextOf(const TextOf &) = delete;
  TextOf &operator=(const TextOf &) = delete;

private:
  char buffer_[N];
};

// Length in bytes (1 to 4) of the UTF-8 sequence at `data`, or 0 when it is not valid (RFC 3629).
unsigned utf8_length(const char *data, size_t size);

// Whether the whole text is valid UTF-8.
bool utf8_valid(Str text);

// Appends a time as RFC 3339 in UTC; `nanoseconds` adds a fraction of nine digits.
void add_time(Text &text, int64_t seconds, uint32_t nanoseconds, bool fraction);

} // namespace veloci

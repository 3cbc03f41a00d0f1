// Whole reads and writes, and text in bounded buffers.
#pragma once
#include "types.h"

namespace veloci {

// Text that grows in a buffer of fixed size. What does not fit is cut off and remembered; the buffer always ends in
// a NUL.
class Text {
public:
  Text(char *buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) { buffer_[0] = 0; }

  Text &add(const char *text) { return add(text, strlen(text)); }
  Text &add(Str text) { return add(text.data, text.size); }
  Text &add(const char *data, size_t size);
  Text &add_char(char c) { return add(&c, 1); }
  // Decimal; with leading zeros up to `width` digits.
  Text &add_number(uint64_t value, unsigned width = 1);
  Text &add_signed(int64_t value);
  Text &add_octal(uint64_t value);
  // Time since the epoch as RFC 3339 in UTC with nanoseconds: 2026-01-31T12:00:00.000000001Z.
  Text &add_time(uint64_t nanoseconds);

  void clear();
  // Drops what was added after the text had `size` bytes.
  void truncate(size_t size);
  bool complete() const { return !cut_; }
  size_t size() const { return size_; }
  const char *data() const { return buffer_; }
  const char *c_str() const { return buffer_; }
  Str str() const { return {buffer_, static_cast<uint32_t>(size_)}; }
  // Room at the end for a read(2); `grew` takes in what was read.
  char *tail() { return buffer_ + size_; }
  size_t room() const { return capacity_ - 1 - size_; }
  void grew(size_t count);

private:
  char *buffer_;
  size_t capacity_;
  size_t size_ = 0;
  bool cut_ = false;
};

// A Text with its own buffer.
template <size_t Capacity> class TextOf : public Text {
public:
  TextOf() : Text(storage_, Capacity) {}

private:
  char storage_[Capacity];
};

// Writes everything. False and errno on failure.
bool write_all(int fd, const void *data, size_t size);

// Whether an errno says what this command lacks, and nothing about what it has looked at.
constexpr bool is_own_lack(int err) { return err == ENOMEM || err == EMFILE || err == ENFILE; }

// Reads a whole small file into `out`. False and errno on failure; EFBIG when it does not fit.
bool read_small(int fd, Text &out);

// The same for a file of the kernel's with one value, which comes as a whole in one read(2).
bool read_value(int fd, Text &out);

// Reads exactly `size` bytes. False and errno on failure, ENODATA at an early end.
bool read_exactly(int fd, void *data, size_t size);

// Decimal number that is the whole text; no sign, no blanks. False when it is not one or is above `max`.
bool parse_number(Str text, uint64_t max, uint64_t &out);

} // namespace veloci

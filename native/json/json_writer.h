// Writes JSON text into a buffer of fixed size. What does not fit sets `full`, and nothing more is written.
#pragma once
#include "base/types.h"

namespace veloci {

class JsonWriter {
public:
  JsonWriter(char *buffer, size_t capacity) : start_(buffer), position_(buffer), end_(buffer + capacity) {}

  JsonWriter &open(char bracket);
  JsonWriter &close(char bracket);
  // A member's key: letters that need no escape.
  JsonWriter &key(const char *name);
  // Escapes; a byte that is not part of valid UTF-8 becomes U+FFFD.
  JsonWriter &string(Str text);
  JsonWriter &number(uint64_t value);
  JsonWriter &integer(int64_t value);
  // A number as the kernel writes it: digits, a sign, a decimal point. Anything else becomes 0.
  JsonWriter &decimal(Str text);
  JsonWriter &boolean(bool value);
  JsonWriter &null();
  // Members of an object that were written before, without its braces.
  JsonWriter &members(Str text);

  bool full() const { return full_; }
  // The text so far, with a NUL behind it.
  Str text() const { return {start_, static_cast<uint32_t>(position_ - start_)}; }

private:
  void raw(const char *data, size_t size);
  void separate();

  char *start_;
  char *position_;
  char *end_;
  bool full_ = false;
  bool comma_ = false;
};

} // namespace veloci

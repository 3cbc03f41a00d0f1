// Cutting texts of procfs into lines and fields, and reading small files.
#pragma once
#include "base/types.h"

namespace veloci {

// Reads a file, at most `capacity` - 1 bytes of it, and puts a NUL behind. Returns the size, or -errno.
ssize_t read_text(int dir_fd, const char *path, char *buffer, size_t capacity);

// A part of a text; unlike Str without a NUL behind it.
struct Slice {
  const char *at = "";
  const char *end = at;

  static Slice of(const char *text) { return {text, text + strlen(text)}; }
  bool empty() const { return at == end; }
  size_t size() const { return static_cast<size_t>(end - at); }
  Str str() const { return {at, static_cast<uint32_t>(size())}; }
  bool equals(const char *text) const { return strlen(text) == size() && memcmp(text, at, size()) == 0; }
  bool starts_with(Slice head) const { return head.size() <= size() && memcmp(head.at, at, head.size()) == 0; }

  // Cuts off and returns what comes before the first `separator`; all of it when there is none.
  Slice cut(char separator) {
    const void *found = memchr(at, separator, size());
    const char *stop = found == nullptr ? end : static_cast<const char *>(found);
    Slice head{at, stop};
    at = found == nullptr ? end : stop + 1;
    return head;
  }
};

// Parses a decimal number without a sign that fills the slice; false on anything else and above UINT32_MAX.
bool parse_u32(Slice text, uint32_t &value);

} // namespace veloci

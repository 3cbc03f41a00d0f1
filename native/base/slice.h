// Cutting texts of procfs into lines and fields.
#pragma once
#include "base/types.h"

namespace veloci {

// A part of a text; unlike Str without a NUL behind it.
struct Slice {
  const char *begin = "";
  const char *end = begin;

  static Slice of(const char *text) { return {text, text + strlen(text)}; }
  bool empty() const { return begin == end; }
  size_t size() const { return static_cast<size_t>(end - begin); }
  Str str() const { return {begin, static_cast<uint32_t>(size())}; }
  bool equals(const char *text) const { return strlen(text) == size() && memcmp(text, begin, size()) == 0; }
  bool starts_with(Slice head) const { return head.size() <= size() && memcmp(head.begin, begin, head.size()) == 0; }

  // Cuts off and returns what comes before the first `separator`; all of it when there is none.
  Slice cut(char separator) {
    const void *match = memchr(begin, separator, size());
    const char *stop = match == nullptr ? end : static_cast<const char *>(match);
    Slice head{begin, stop};
    begin = match == nullptr ? end : stop + 1;
    return head;
  }
};

} // namespace veloci

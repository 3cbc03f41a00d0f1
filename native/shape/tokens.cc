#include "shape/tokens.h"
#include <string.h>

namespace veloci {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

constexpr size_t shortest = 12;

bool is_run(size_t size) { return size == 64 || size == 32 || size == shortest; }

// Neither a number, as 12 digits and one with an exponent may be, nor a word.
bool is_mixed(Str run) {
  bool letter = false, digit = false;
  for (uint32_t i = 0; i < run.size; i++) (is_digit(run.data[i]) ? digit : letter) = true;
  return letter && digit;
}

// Whether a name may begin behind this character: one of a longer word is none, and `\b` and `\f` end in a digit.
bool may_precede(char c) { return !is_alphanumeric(c) && c != '\\'; }

// The groups of a UUID before its last one.
bool ends_uuid(Str text, size_t last) {
  constexpr size_t groups[] = {8, 4, 4, 4};
  constexpr size_t head = 24;
  if (last < head) return false;
  const char *cursor = text.data + last - head;
  for (size_t group : groups) {
    for (size_t i = 0; i < group; i++) {
      if (!is_hex(*cursor++)) return false;
    }
    if (*cursor++ != '-') return false;
  }
  return last == head || may_precede(text.data[last - head - 1]);
}

// Whether the pattern is there: 0 stands for a digit.
bool matches(const char *text, const char *pattern) {
  for (; *pattern != 0; text++, pattern++) {
    if (*pattern == '0' ? !is_digit(*text) : *text != *pattern) return false;
  }
  return true;
}

} // namespace

bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Token find_hex(Str text, size_t from) {
  const char *data = text.data;
  for (size_t cursor = from; cursor + shortest <= text.size;) {
    // No run of twelve begins before a character that is no digit.
    size_t last = cursor + shortest - 1;
    if (!is_hex(data[last])) {
      cursor += shortest;
      continue;
    }
    size_t start = last, end = last + 1;
    while (start > from && is_hex(data[start - 1])) start--;
    while (end < text.size && is_hex(data[end])) end++;
    size_t size = end - start;
    bool apart = (start == 0 || may_precede(data[start - 1])) && (end == text.size || !is_alphanumeric(data[end]));
    if (apart && is_run(size) && is_mixed({data + start, static_cast<uint32_t>(size)})) {
      constexpr size_t uuid_head = 24;
      if (size == shortest && start >= from + uuid_head && ends_uuid(text, start))
        return {start - uuid_head, uuid_head + size, NameKind::hex};
      return {start, size, NameKind::hex};
    }
    cursor = end;
  }
  return {};
}

Token find_moment(Str text, size_t from) {
  constexpr char date[] = "0000-00-00T", clock[] = "00:00:00";
  constexpr size_t date_size = sizeof date - 1, clock_size = sizeof clock - 1;
  for (size_t cursor = from; cursor < text.size;) {
    auto *mark = static_cast<const char *>(memchr(text.data + cursor, 'T', text.size - cursor));
    if (mark == nullptr) return {};
    size_t place = static_cast<size_t>(mark - text.data);
    cursor = place + 1;
    if (place + 1 < from + date_size || place + 1 + clock_size >= text.size) continue;
    size_t start = place + 1 - date_size, end = place + 1 + clock_size;
    if (!matches(text.data + start, date) || !matches(mark + 1, clock)) continue;
    if (start > 0 && !may_precede(text.data[start - 1])) continue;
    if (text.data[end] == '.') {
      end++;
      while (end < text.size && is_digit(text.data[end])) end++;
    }
    if (end < text.size && text.data[end] == 'Z') return {start, end - start, NameKind::digits};
  }
  return {};
}

Token find_pid(Str text, size_t from) {
  constexpr char before[] = "/proc/", behind[] = "/ns/";
  constexpr size_t before_size = sizeof before - 1, behind_size = sizeof behind - 1;
  for (size_t cursor = from; cursor < text.size;) {
    void *hit = memmem(text.data + cursor, text.size - cursor, before, before_size);
    if (hit == nullptr) return {};
    size_t start = static_cast<size_t>(static_cast<char *>(hit) - text.data) + before_size, end = start;
    while (end < text.size && is_digit(text.data[end])) end++;
    cursor = end;
    if (end - start < 2 || end + behind_size > text.size) continue;
    if (memcmp(text.data + end, behind, behind_size) == 0) return {start, end - start, NameKind::digits};
  }
  return {};
}

Token find_known(Str text, size_t from, Str name, NameKind kind) {
  // As long as \u1234 is.
  constexpr size_t escape = 6;
  for (size_t cursor = from; cursor + name.size <= text.size;) {
    void *hit = memmem(text.data + cursor, text.size - cursor, name.data, name.size);
    if (hit == nullptr) return {};
    size_t start = static_cast<size_t>(static_cast<char *>(hit) - text.data);
    cursor = start + 1;
    size_t before = start < escape ? start : escape;
    if (memchr(text.data + start - before, '\\', before) == nullptr) return {start, name.size, kind};
  }
  return {};
}

} // namespace veloci

#include "executor/log/style.h"
#include <stdlib.h>
#include <sys/ioctl.h>

namespace veloci {

namespace {

constexpr uint32_t prose_columns = 80;
// Narrower than this nothing is broken: it would be unreadable anyhow.
constexpr uint32_t least_width = 20;

const char *sequence_of(char c) {
  switch (c) {
  case mark::error: return "\x1b[1;31m";
  case mark::warning: return "\x1b[1;33m";
  case mark::frame: return "\x1b[34m";
  case mark::label: return "\x1b[36m";
  case mark::good: return "\x1b[32m";
  case mark::off: return "\x1b[0m";
  default: return nullptr;
  }
}
constexpr size_t longest_sequence = 7;

bool is_set(const char *value) { return value != nullptr && value[0] != 0; }

bool wants_colours(bool terminal) {
  if (is_set(getenv("NO_COLOR"))) return false;
  const char *forced = getenv("CLICOLOR_FORCE"), *asked = getenv("CLICOLOR"), *term = getenv("TERM");
  if (is_set(forced) && strcmp(forced, "0") != 0) return true;
  if (!terminal || (asked != nullptr && strcmp(asked, "0") == 0)) return false;
  return is_set(term) && strcmp(term, "dumb") != 0;
}

// Columns that a text takes: continuation bytes of UTF-8 and marks take none.
uint32_t columns_of(const char *begin, const char *end) {
  uint32_t columns = 0;
  for (; begin < end; begin++) columns += !is_mark(*begin) && (static_cast<uint8_t>(*begin) & 0xc0) != 0x80;
  return columns;
}

class Styler {
public:
  Styler(Text &out, const Style &style) : out_(out), style_(style) {}

  void line(const char *begin, const char *end) {
    const auto *indent = static_cast<const char *>(memchr(begin, mark::indent, static_cast<size_t>(end - begin)));
    if (indent == nullptr || style_.width < least_width) return add(begin, end);
    uint32_t margin = columns_of(begin, indent), column = margin;
    // A column that leaves no room for words is none.
    if (margin + least_width / 2 > style_.width) margin = 0;
    add(begin, indent);
    for (const char *cursor = indent + 1; cursor < end;) {
      const char *blanks = cursor;
      while (cursor < end && *cursor == ' ') cursor++;
      const char *word = cursor;
      while (cursor < end && *cursor != ' ') cursor++;
      uint32_t gap = static_cast<uint32_t>(word - blanks), size = columns_of(word, cursor);
      if (column > margin && column + gap + size > style_.width) {
        out_.add_char('\n');
        for (column = 0; column < margin; column++) out_.add_char(' ');
        gap = 0;
      }
      add(word - gap, cursor);
      column += gap + size;
    }
  }

private:
  void add(const char *begin, const char *end) {
    for (; begin < end; begin++) {
      const char *sequence = sequence_of(*begin);
      if (sequence != nullptr)
        out_.add(style_.colours ? sequence : "");
      else if (*begin != mark::indent)
        out_.add_char(*begin);
    }
  }

  Text &out_;
  const Style &style_;
};

} // namespace

bool is_mark(char c) { return c == mark::indent || sequence_of(c) != nullptr; }

Style style_of(int fd) {
  struct winsize size = {};
  bool terminal = ioctl(fd, TIOCGWINSZ, &size) == 0;
  return {wants_colours(terminal), size.ws_col};
}

uint32_t prose_width(const Style &style) {
  return style.width == 0 || style.width > prose_columns ? prose_columns : style.width;
}

size_t styled_size(Str text) {
  // A word may be set into a line of its own behind an indentation, a mark become a sequence.
  size_t size = text.size + 1;
  uint32_t column = 0, indent = 0;
  for (uint32_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (c == '\n')
      column = indent = 0;
    else if (c == mark::indent)
      indent = column;
    else if (is_mark(c))
      size += longest_sequence;
    else if (c == ' ')
      size += indent;
    column++;
  }
  return size;
}

void add_styled(Text &out, Str text, const Style &style) {
  Styler styler(out, style);
  const char *cursor = text.data, *end = text.data + text.size;
  while (cursor < end) {
    const void *newline = memchr(cursor, '\n', static_cast<size_t>(end - cursor));
    const char *stop = newline != nullptr ? static_cast<const char *>(newline) : end;
    styler.line(cursor, stop);
    if (newline != nullptr) out.add_char('\n');
    cursor = stop + (newline != nullptr ? 1 : 0);
  }
}

} // namespace veloci

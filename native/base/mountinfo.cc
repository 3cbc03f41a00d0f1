#include "base/mountinfo.h"

namespace veloci {

namespace {

bool octal(char digit) { return digit >= '0' && digit <= '7'; }

} // namespace

Mount parse_mount(Slice line) {
  for (int i = 0; i < 3; i++) line.cut(' ');
  Mount mount;
  mount.root = line.cut(' ');
  mount.point = line.cut(' ');
  while (!line.empty() && !line.cut(' ').equals("-")) {
  }
  mount.type = line.cut(' ');
  line.cut(' ');
  mount.options = line.cut(' ');
  return mount;
}

Slice unescape_mount(Slice text) {
  char *to = const_cast<char *>(text.begin);
  const char *from = text.begin;
  while (from < text.end) {
    if (*from == '\\' && text.end - from >= 4 && octal(from[1]) && octal(from[2]) && octal(from[3])) {
      *to++ = static_cast<char>((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
      from += 4;
    } else {
      *to++ = *from++;
    }
  }
  return {text.begin, to};
}

} // namespace veloci

#include "image/entry_path.h"

namespace veloci {

bool EntryPath::parse(Str path, ImageFault &fault) {
  text.clear();
  last = 0;
  size_t depth = 0;
  if (path.size > 0 && path.data[0] == '/') return fault.archive("a path is absolute", path);
  for (uint32_t i = 0; i < path.size;) {
    uint32_t end = i;
    while (end < path.size && path.data[end] != '/') end++;
    Str name{path.data + i, end - i};
    i = end + 1;
    if (name.size == 0 || (name.size == 1 && name.data[0] == '.')) continue;
    if (name.size == 2 && name.data[0] == '.' && name.data[1] == '.')
      return fault.archive("a path has \"..\" in it", path);
    if (name.size > 255) return fault.archive("a name is longer than 255 bytes", path);
    if (++depth > most_depth) return fault.limit("a path is deeper than 256 directories", path);
    if (text.size() > 0) text.add_char('/');
    last = text.size();
    text.add(name.data, name.size);
  }
  return text.complete() || fault.archive("a path is too long", path);
}

} // namespace veloci

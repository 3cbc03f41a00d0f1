#include "base/search.h"

#include <stdlib.h>

namespace veloci {

const char *search_path() {
  const char *path = getenv("PATH");
  return path != nullptr && *path != 0 ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

int find_program(Str name, Text &path) {
  auto usable = [&] { return path.complete() && access(path.c_str(), X_OK) == 0; };
  path.clear();
  if (strchr(name.c_str(), '/') != nullptr) {
    path.add(name);
    return usable() ? 0 : ENOENT;
  }
  for (const char *part = search_path();;) {
    const char *end = strchrnul(part, ':');
    path.clear();
    path.add(part, static_cast<size_t>(end - part)).add_char('/').add(name);
    // A part that is empty or relative stands for the current directory, which is anybody's.
    if (*part == '/' && usable()) return 0;
    if (*end == 0) return ENOENT;
    part = end + 1;
  }
}

} // namespace veloci

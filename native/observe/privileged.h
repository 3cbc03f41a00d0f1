// Files that give rights to whoever executes them: set-user-id, set-group-id, and with capabilities (capabilities(7)).
#pragma once
#include "base/types.h"

namespace veloci {

struct PrivilegedFiles {
  bool done = false;
  bool complete = false;
  uint32_t size = 0;
  char paths[32768]; // each with its NUL
};

// Looks through a directory and those below it, on its own file system, without following links: for at most two
// seconds, and as long as there is room for what is found.
void find_privileged(int root, PrivilegedFiles &out);

// Calls add(Str path) for each.
template <class Add> void each_privileged(const PrivilegedFiles &files, Add add) {
  for (uint32_t begin = 0; begin < files.size;) {
    Str path = Str::of(files.paths + begin);
    add(path);
    begin += path.size + 1;
  }
}

} // namespace veloci

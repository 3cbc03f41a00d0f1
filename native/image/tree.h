// Trees that an image has made: opened and removed by descriptors alone.
#pragma once
#include "base/types.h"

namespace veloci {

// Removes `name` in a directory with everything below it, however deep; nothing is done when there is none. No link is
// followed, and nothing on another file system is touched. 0 or an errno.
int remove_tree(int dir, const char *name);

// A directory below another, through no link and into no other mount; `root` itself when the path is empty.
Fd open_below(int root, const char *path);

} // namespace veloci

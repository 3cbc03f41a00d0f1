// A path of an archive, cut into names. It never leaves the root, because there is no name that could lead out of it,
// and because whoever opens it follows no symbolic link.
#pragma once
#include "image/fault.h"

namespace veloci {

struct EntryPath {
  static constexpr size_t most_depth = 256;

  // Without `.`, doubled slashes and one at the end: `usr/bin/env`, empty for the root.
  TextOf<4096> text;
  // Where the last name begins in it; 0 when there is only one.
  size_t last = 0;

  bool is_root() const { return text.size() == 0; }
  const char *name() const { return text.c_str() + last; }
  // The directory that holds it, without a slash at the end; it has no NUL behind it.
  Str parent() const { return {text.c_str(), static_cast<uint32_t>(last == 0 ? 0 : last - 1)}; }

  // False with the fault: absolute, with `..`, too deep, or with a name that is too long. `what` says whose path it is.
  bool parse(Str path, ImageFault &fault);
};

} // namespace veloci

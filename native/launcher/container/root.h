// The state root and the ids below it.
#pragma once
#include "executor/log/log.h"

namespace veloci {

// Why a text cannot be the id of a container, or nullptr: it has 1 to 255 letters, digits and `_ + - .`, and begins
// neither with `-` nor with `.`. Checked before any path is made of it.
const char *id_fault(Str id);

// Path of the state root: --root made absolute, else /run/veloci, else for a user $XDG_RUNTIME_DIR/veloci.
// It lies in `memory`. Empty when there is no usable one.
using RootPath = TextOf<4096>;
Str root_path(Str given, RootPath &memory);

// Opens the state root after a check that it is a directory (no symbolic link) of ours that others can't write.
// `create` makes a missing one, mode 0700. 0; ENOENT when it is missing; else an errno: ENOTDIR, EPERM (not ours),
// EACCES (others can write it), and the error has been shown.
int open_root(Str path, bool create, Fd &root, Log &log);

} // namespace veloci

// A procfs of our own: a mount that is in no mount namespace, so that nobody can put anything over its files.
#pragma once
#include "types.h"

namespace veloci {

enum class ProcfsPart : uint8_t {
  processes, // /proc/PID and /proc/self only (subset=pid)
  whole,     // with /proc/sys
};

// Makes a procfs for the caller's pid namespace: with fsopen(2), else a detached copy of /proc, else /proc itself
// after a check that it is the root of a procfs. Make it before a container can influence the mount namespace.
// -1 and errno on failure.
int open_procfs(ProcfsPart part);

// /proc itself, after a check that it is the root of a procfs: for a process that is still on the host's side, where
// nobody hostile can mount. Cheaper, since no mount is made that has to go again. -1 and errno on failure.
int open_host_procfs();

// Opens a file of it, which must be of procfs itself: no magic links, nothing mounted over it. `flags` get O_CLOEXEC.
// -1 and errno on failure; EXDEV or ELOOP when something is in the way.
int open_in_procfs(int procfs, const char *path, int flags);

// Whether a descriptor refers to something of a procfs, or to the root of one.
bool on_procfs(int fd);
bool is_procfs_root(int fd);

} // namespace veloci

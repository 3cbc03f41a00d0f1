// --no-pivot: the host's file systems that stay below the container's root.
#pragma once
#include "base/types.h"

namespace veloci {

// An empty file system, read-only and mounted nowhere. -1 and errno on failure.
int mount_empty();

// Detaches every procfs and sysfs of the host, once the rootfs is moved over the root: as long as one without masks is
// anywhere in the mount namespace, the kernel lets a user namespace of the container mount another. Where a mount is
// locked (it came from another user namespace) an empty file system covers it. `procfs`: a procfs of ours. Changes the
// working directory. False and errno on failure.
bool hide_host_mounts(int procfs);

} // namespace veloci

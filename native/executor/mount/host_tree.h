// Mounts of the host that go into a container.
#pragma once
#include "base/io.h"
#include "base/sys.h"
#include <fcntl.h>

namespace veloci {

struct HostTree {
  int dir = AT_FDCWD;
  const char *path = nullptr;
  bool recursive = false;
  bool follow = false;
  // MS_SLAVE, MS_PRIVATE: what the whole tree becomes; 0 leaves it a peer of its source.
  uint64_t propagation = 0;
  // Attributes of the mount itself, of those that mount(2) has under the same numbers.
  uint64_t set = 0, clear = 0;
};

// A detached copy of a mount, changed before anything can be mounted on it. -1 and errno on failure.
int clone_host_tree(const HostTree &wanted);

} // namespace veloci

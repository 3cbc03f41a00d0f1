// Mount propagation as the flags of mount(2) and mount_setattr(2).
#pragma once
#include <sys/mount.h>

#include "generated/plan.gen.h"

namespace veloci {

// 0 = keep it.
inline uint64_t propagation_flag(Propagation propagation) {
  switch (propagation) {
  case Propagation::keep: return 0;
  case Propagation::private_:
  case Propagation::rprivate: return MS_PRIVATE;
  case Propagation::slave:
  case Propagation::rslave: return MS_SLAVE;
  case Propagation::shared:
  case Propagation::rshared: return MS_SHARED;
  case Propagation::unbindable:
  case Propagation::runbindable: return MS_UNBINDABLE;
  }
  return 0;
}

inline bool propagation_recursive(Propagation propagation) {
  return propagation == Propagation::rprivate || propagation == Propagation::rslave ||
         propagation == Propagation::rshared || propagation == Propagation::runbindable;
}

} // namespace veloci

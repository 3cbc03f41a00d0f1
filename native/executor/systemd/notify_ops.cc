// notify.open: the directory of the container's sd_notify(3) socket.
#include "executor/handler.h"
#include "executor/mount/host_tree.h"
#include "executor/state/state.h"
#include <sys/mount.h>
#include <sys/stat.h>

namespace veloci {

Outcome HostHandler::on(const NotifyOpen &op) {
  using namespace step::notify_open;
  // Removed with the state directory.
  const int dir = context_.state.get();
  if (mkdirat(dir, state_name::notify, 0755) != 0) return Outcome::failed(step::notify_open::mkdir);
  Fd tree(clone_host_tree({.dir = dir, .path = state_name::notify, .propagation = MS_PRIVATE}));
  if (!tree.valid()) return Outcome::failed(clone);
  context_.slots[op.slot] = static_cast<Fd &&>(tree);
  return {};
}

} // namespace veloci

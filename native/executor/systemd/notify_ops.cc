// notify.open: the directory of the container's sd_notify(3) socket.
#include "base/sys.h"
#include "executor/handler.h"
#include "executor/state/state.h"
#include <sys/stat.h>

namespace veloci {

Outcome HostHandler::on(const NotifyOpen &op) {
  using namespace step::notify_open;
  // Removed with the state directory.
  const int dir = context_.state.get();
  if (mkdirat(dir, state_name::notify, 0755) != 0) return Outcome::failed(step::notify_open::mkdir);
  Fd tree(sys::open_tree(dir, state_name::notify,
                         sys::open_tree_clone | sys::open_tree_cloexec | sys::at_symlink_nofollow));
  if (!tree.valid()) return Outcome::failed(clone);
  context_.slots[op.slot] = static_cast<Fd &&>(tree);
  return {};
}

} // namespace veloci

// net.move: network devices of the host that go to the container.
#include "base/sys.h"
#include "executor/handler.h"
#include "executor/network/netlink.h"
#include <fcntl.h>

namespace veloci {

namespace {

// Indices that are tried when the target has another device of that number.
constexpr int index_stride = 1000, index_tries = 8;

// A device that has moved, with what it takes to bring it back.
struct Moved {
  NetMove op;
  Fd own_namespace;
  Netlink here, there;
  NetDevice before;
  int index = 0;
  bool gone = false;
  Buffer addresses; // NetAddress one behind the other

  // Gives them to the device where it is now; 0 or the errno of the first that fails.
  int readdress(Netlink &place, int at_index) {
    int first = 0;
    for (size_t offset = 0; offset < addresses.size(); offset += sizeof(NetAddress)) {
      NetAddress address;
      memcpy(&address, addresses.data() + offset, sizeof address);
      int err = place.add_address(at_index, address);
      if (first == 0) first = err;
    }
    return first;
  }
};

// The kernel moves a device under the name that it has, where that is free, and renames it then: what refuses the name
// may have it. `has_moved` says so. 0 or an errno.
int move_device(Netlink &from, Netlink &to, int index, int namespace_fd, Str name, int &new_index, bool &has_moved) {
  int err = EBUSY;
  for (int i = 0; i < index_tries && err == EBUSY; i++) {
    new_index = index + i * index_stride;
    err = from.move(index, namespace_fd, name, new_index);
  }
  NetDevice other;
  has_moved = err == 0 || (from.find(index, other) == ENODEV && to.find(new_index, other) == 0);
  return err;
}

void restore(Netlink &place, int index, Moved &moved) {
  moved.readdress(place, index);
  if (moved.before.up) place.set_up(index);
}

// Under the name that it had. Where somebody has taken that meanwhile, it comes with the one that it has in the
// container, or is numbered, as the kernel does with devices of hardware: the others end with their namespace.
void bring_back(Context &, Moved &moved) {
  if (!moved.gone) return;
  int index = 0;
  bool is_back = false;
  auto try_name = [&](Str name) {
    move_device(moved.there, moved.here, moved.index, moved.own_namespace.get(), name, index, is_back);
  };
  try_name(Str::of(moved.before.name));
  if (!is_back) try_name(Str::of("dev%d"));
  if (is_back) restore(moved.here, index, moved);
}

} // namespace

Outcome HostHandler::on(const NetMove &op) {
  namespace steps = step::net_move;
  context_.failure.detail.clear();
  Moved state;
  state.op = op;
  state.own_namespace.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  TextOf<48> path;
  path.add("/proc/").add_signed(context_.init.pid).add("/ns/net");
  Fd target(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid() || !state.own_namespace.valid()) return Outcome::failed(steps::namespace_);
  if (int err = state.here.open(); err != 0) return Outcome::failed(steps::socket, err);
  if (int err = state.there.open_in(target.get(), state.own_namespace.get()); err != 0) {
    return Outcome::failed(steps::namespace_, err);
  }
  if (int err = state.here.find(op.device, state.before); err != 0) return Outcome::failed(steps::find, err);
  if (int err = state.here.addresses(state.before.index, state.addresses); err != 0) {
    return Outcome::failed(steps::addresses, err);
  }
  // A name with %d gets a number from the kernel.
  NetDevice other;
  bool pattern = memchr(op.name.data, '%', op.name.size) != nullptr;
  if (!pattern && state.there.find(op.name, other) == 0) return Outcome::failed(steps::taken, EEXIST);
  Moved *moved = context_.undo.keep(bring_back, static_cast<Moved &&>(state));
  if (moved == nullptr) return Outcome::failed(steps::move);
  int err =
      move_device(moved->here, moved->there, moved->before.index, target.get(), op.name, moved->index, moved->gone);
  if (err != 0) return Outcome::failed(steps::move, err);
  if (err = moved->readdress(moved->there, moved->index); err != 0) return Outcome::failed(steps::address, err);
  if (err = moved->there.set_up(moved->index); err != 0) return Outcome::failed(steps::up, err);
  return {};
}

} // namespace veloci

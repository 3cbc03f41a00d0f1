// net.move: network devices of the host that go to the container.
#include "base/sys.h"
#include "executor/handler.h"
#include "executor/network/netlink.h"
#include <fcntl.h>
#include <sys/mman.h>

namespace veloci {

namespace {

// Indices that are tried when the target has another device of that number.
constexpr int index_stride = 1000, index_tries = 8;

// A device that has moved, with what it takes to bring it back.
struct Moved {
  static void *operator new(size_t, void *place) { return place; }

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
    for (size_t at = 0; at < addresses.size(); at += sizeof(NetAddress)) {
      NetAddress address;
      memcpy(&address, addresses.data() + at, sizeof address);
      int err = place.add_address(at_index, address);
      if (first == 0) first = err;
    }
    return first;
  }
};

Moved *new_moved() {
  void *memory = mmap(nullptr, sizeof(Moved), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Moved; // as long as the command runs
}

int move_device(Netlink &from, int index, int namespace_fd, Str name, int &new_index) {
  int err = EBUSY;
  for (int i = 0; i < index_tries && err == EBUSY; i++) {
    new_index = index + i * index_stride;
    err = from.move(index, namespace_fd, name, new_index);
  }
  return err;
}

void restore(Netlink &place, int index, Moved &moved) {
  moved.readdress(place, index);
  if (moved.before.up) place.set_up(index);
}

void bring_back(Context &, const void *argument) {
  Moved &moved = *const_cast<Moved *>(static_cast<const Moved *>(argument));
  if (!moved.gone) return;
  int index = 0;
  if (move_device(moved.there, moved.index, moved.own_namespace.get(), moved.op.device, index) == 0) {
    restore(moved.here, index, moved);
  }
}

} // namespace

Outcome HostHandler::on(const NetMove &op) {
  namespace at = step::net_move;
  context_.failure.detail.clear();
  Moved *moved = new_moved();
  if (moved == nullptr) return Outcome::failed(at::socket);
  moved->op = op;
  moved->own_namespace.reset(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  TextOf<48> path;
  path.add("/proc/").add_signed(context_.init.pid).add("/ns/net");
  Fd target(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid() || !moved->own_namespace.valid()) return Outcome::failed(at::namespace_);
  if (int err = moved->here.open(); err != 0) return Outcome::failed(at::socket, err);
  if (int err = moved->there.open_in(target.get(), moved->own_namespace.get()); err != 0) {
    return Outcome::failed(at::namespace_, err);
  }
  if (int err = moved->here.find(op.device, moved->before); err != 0) return Outcome::failed(at::find, err);
  if (int err = moved->here.addresses(moved->before.index, moved->addresses); err != 0) {
    return Outcome::failed(at::addresses, err);
  }
  // A name with %d gets a number from the kernel.
  NetDevice other;
  bool pattern = memchr(op.name.data, '%', op.name.size) != nullptr;
  if (!pattern && moved->there.find(op.name, other) == 0) return Outcome::failed(at::taken, EEXIST);
  if (!context_.undo.push(bring_back, moved)) return Outcome::failed(at::move);
  int err = move_device(moved->here, moved->before.index, target.get(), op.name, moved->index);
  if (err != 0) return Outcome::failed(at::move, err);
  moved->gone = true;
  if (err = moved->readdress(moved->there, moved->index); err != 0) return Outcome::failed(at::address, err);
  if (err = moved->there.set_up(moved->index); err != 0) return Outcome::failed(at::up, err);
  return {};
}

} // namespace veloci

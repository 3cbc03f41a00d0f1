// listener.open, pidfd.send: sockets of programs that watch over containers.
#include <fcntl.h>
#include <unistd.h>

#include "base/pages.h"
#include "base/sys.h"
#include "executor/handler.h"
#include "socket/unix_socket.h"

namespace veloci {

Outcome HostHandler::on(const ListenerOpen &op) {
  namespace steps = step::listener_open;
  Fd &socket = context_.slots[op.socket];
  if (!op.path) {
    // A plan with it is the command's own answer to --learn.
    socket.reset(fcntl(context_.learner, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!socket.valid()) return Outcome::failed(steps::connect);
  } else if (int err = connect_unix(op.path.value, socket); err != 0) {
    return Outcome::failed(steps::connect, err);
  }
  Pages memory;
  Str state;
  Fd &file = context_.slots[op.text];
  file.reset(sys::memfd_create("veloci-state", sys::memfd_cloexec));
  bool written = file.valid() && fill(op.state, hole_values(context_), memory, state) &&
                 write_all(file.get(), state.data, state.size);
  return written ? Outcome{} : Outcome::failed(steps::memory);
}

Outcome HostHandler::on(const PidfdSend &op) {
  namespace steps = step::pidfd_send;
  Fd stream;
  if (int err = connect_unix(op.path, stream); err != 0) return Outcome::failed(steps::connect, err);
  int err = send_descriptor(stream.get(), Str::of(" "), context_.init.pidfd.get());
  return err == 0 ? Outcome{} : Outcome::failed(steps::send, err);
}

} // namespace veloci

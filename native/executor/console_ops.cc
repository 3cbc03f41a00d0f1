// console.*: where the terminal's master goes.
#include "executor/console.h"
#include "executor/handler.h"
#include "executor/terminal.h"
#include "executor/unix_socket.h"

namespace veloci {

Outcome send_console(Str path, int master) {
  Fd stream;
  if (int err = connect_unix(path, stream); err != 0) return Outcome::failed(step::console_send::connect, err);
  // Receivers take the name for a message; conmon and containerd want exactly one descriptor.
  int err = send_descriptor(stream.get(), Str::of("/dev/ptmx"), master);
  return err == 0 ? Outcome::success() : Outcome::failed(step::console_send::send, err);
}

Outcome HostHandler::on(const ConsoleSend &op) {
  Fd &master = context_.slots[op.slot];
  Outcome outcome = send_console(op.socket, master.get());
  master.reset();
  return outcome;
}

Outcome HostHandler::on(const ConsoleKeep &op) {
  context_.console = static_cast<Fd &&>(context_.slots[op.slot]);
  // Before the program can ask for it.
  copy_terminal_size(context_.console.get());
  return {};
}

} // namespace veloci

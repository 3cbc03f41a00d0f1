// console.*: where the terminal's master goes.
#include "executor/console/console.h"
#include "executor/handler.h"
#include "executor/console/terminal.h"
#include "socket/unix_socket.h"
#include <termios.h>
#include <unistd.h>

namespace veloci {

namespace {

// A file or a pipe gets the lines as the program has written them, without the carriage returns of a terminal.
void keep_line_ends(int master) {
  struct termios modes;
  if (isatty(STDOUT_FILENO) == 1 || tcgetattr(master, &modes) != 0) return;
  modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  tcsetattr(master, TCSANOW, &modes);
}

} // namespace

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
  if (context_.console_goes_on) return {};
  // Before the program can ask or write: it waits for its start, or for us.
  copy_terminal_size(context_.console.get());
  keep_line_ends(context_.console.get());
  return {};
}

} // namespace veloci

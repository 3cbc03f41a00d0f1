// console.*: where the terminal's master goes.
#include "executor/console.h"
#include "executor/handler.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace veloci {

namespace {

// Connects to an AF_UNIX stream socket, however long its path is.
int connect_unix(Str path, Fd &out) {
  Fd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!stream.valid()) return errno;
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  Fd place;
  if (path.size < sizeof address.sun_path) {
    memcpy(address.sun_path, path.data, path.size);
  } else {
    // connect(2) follows the link of an O_PATH descriptor to the socket itself.
    place.reset(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place.valid()) return errno;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place.get());
  }
  if (connect(stream.get(), reinterpret_cast<struct sockaddr *>(&address), sizeof address) != 0) return errno;
  out = static_cast<Fd &&>(stream);
  return 0;
}

} // namespace

Outcome send_console(Str path, int master) {
  Fd stream;
  if (int err = connect_unix(path, stream); err != 0) return Outcome::failed(step::console_send::connect, err);
  // Receivers take the name for a message; conmon and containerd want exactly one descriptor.
  char name[] = "/dev/ptmx";
  struct iovec text{name, sizeof name - 1};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {};
  struct msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(part), &master, sizeof master);
  if (sendmsg(stream.get(), &message, MSG_NOSIGNAL) != static_cast<ssize_t>(text.iov_len)) {
    return Outcome::failed(step::console_send::send);
  }
  return {};
}

Outcome HostHandler::on(const ConsoleSend &op) {
  Fd &master = context_.slots[op.slot];
  Outcome outcome = send_console(op.socket, master.get());
  master.reset();
  return outcome;
}

Outcome HostHandler::on(const ConsoleKeep &op) {
  context_.console = static_cast<Fd &&>(context_.slots[op.slot]);
  return {};
}

} // namespace veloci

#include "socket/unix_socket.h"
#include "base/packet.h"
#include "wait/interrupt.h"
#include "wait/deadline.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace veloci {

namespace {

// Until the peer accepts: a connect(2) that waits itself would be ended by no signal.
int connect_within(int stream, const struct sockaddr_un &address) {
  Deadline deadline(wait_limit);
  for (;;) {
    if (connect(stream, reinterpret_cast<const struct sockaddr *>(&address), sizeof address) == 0) return 0;
    if (errno != EAGAIN && errno != EINTR) return errno;
    if (Signals::pending_stop() != 0) return EINTR;
    if (!deadline.wait()) return ETIMEDOUT;
  }
}

} // namespace

int connect_unix(Str path, Fd &out, int type) {
  Fd stream(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!stream.valid()) return errno;
  struct timeval limit = {.tv_sec = wait_limit / 1000, .tv_usec = 0};
  if (setsockopt(stream.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) return errno;
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
  if (int err = connect_within(stream.get(), address); err != 0) return err;
  if ((type & SOCK_NONBLOCK) == 0 && fcntl(stream.get(), F_SETFL, O_RDWR) != 0) return errno;
  out = static_cast<Fd &&>(stream);
  return 0;
}

int send_descriptor(int stream, Str text, int descriptor) {
  iovec part = {const_cast<char *>(text.data), text.size};
  ssize_t sent = send_packet(stream, &part, 1, descriptor);
  if (sent < 0) return errno;
  return static_cast<size_t>(sent) == text.size ? 0 : EIO;
}

} // namespace veloci

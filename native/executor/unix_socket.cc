#include "executor/unix_socket.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace veloci {

namespace {

// How long a peer may take to accept, or to read.
constexpr time_t peer_seconds = 10;

} // namespace

int connect_unix(Str path, Fd &out, int type) {
  Fd stream(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!stream.valid()) return errno;
  // connect(2) waits as long as sendmsg(2) for a peer that does not accept.
  struct timeval limit = {.tv_sec = peer_seconds, .tv_usec = 0};
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
  if (connect(stream.get(), reinterpret_cast<struct sockaddr *>(&address), sizeof address) != 0)
    return errno == EAGAIN ? ETIMEDOUT : errno;
  out = static_cast<Fd &&>(stream);
  return 0;
}

int send_descriptor(int stream, Str text, int descriptor) {
  struct iovec part {
    const_cast<char *>(text.data), text.size
  };
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  if (sendmsg(stream, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(part.iov_len)) return errno != 0 ? errno : EIO;
  return 0;
}

} // namespace veloci

#include "channel/message.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/sys.h"

namespace veloci {
namespace {

// Room for one descriptor more than is allowed: the kernel says MSG_CTRUNC for what is beyond.
constexpr size_t fds_max = 2;

union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * fds_max)];
};

// Takes the descriptors out of a received message; all but the first are closed.
size_t take_fds(msghdr &packet, Fd &first) {
  size_t count = 0;
  for (cmsghdr *part = CMSG_FIRSTHDR(&packet); part != nullptr; part = CMSG_NXTHDR(&packet, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (count++ == 0)
        first.reset(fd);
      else
        close(fd);
    }
  }
  return count;
}

} // namespace

bool send_message(int socket, MessageHeader header, Bytes detail, int fd) {
  header.detail_size = static_cast<uint32_t>(detail.size);
  iovec parts[2] = {
      {&header, sizeof header},
      {const_cast<uint8_t *>(detail.data), detail.size},
  };
  msghdr packet = {};
  packet.msg_iov = parts;
  packet.msg_iovlen = detail.size ? 2 : 1;
  Control control = {};
  if (fd >= 0) {
    packet.msg_control = &control;
    packet.msg_controllen = CMSG_SPACE(sizeof fd);
    cmsghdr *part = CMSG_FIRSTHDR(&packet);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  ssize_t sent;
  do sent = sys::passing(SYS_sendmsg, socket, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Received receive_large(int socket, MessageHeader &header, char *buffer, size_t capacity, Fd &fd) {
  fd.reset();
  iovec parts[2] = {{&header, sizeof header}, {buffer, capacity}};
  msghdr packet = {};
  packet.msg_iov = parts;
  packet.msg_iovlen = 2;
  Control control;
  packet.msg_control = &control;
  packet.msg_controllen = sizeof control;
  ssize_t size;
  do size = sys::passing(SYS_recvmsg, socket, &packet, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size < 0) return errno == ECONNRESET ? Received::end : Received::error;
  if (size == 0) return Received::end;
  size_t fds = take_fds(packet, fd);
  bool cut = packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
  bool whole =
      static_cast<size_t>(size) >= sizeof header && static_cast<size_t>(size) - sizeof header == header.detail_size;
  if (!cut && whole && fds <= 1) return Received::message;
  fd.reset();
  errno = EBADMSG;
  return Received::error;
}

Received receive_message(int socket, Message &message, Fd &fd) {
  Received received = receive_large(socket, message, message.detail, detail_max, fd);
  if (received == Received::message) message.detail[message.detail_size] = 0;
  return received;
}

} // namespace veloci

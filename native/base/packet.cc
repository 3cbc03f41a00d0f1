#include "base/packet.h"
#include "base/sys.h"

namespace veloci {
namespace {

// Room for one descriptor more than is allowed: the kernel says MSG_CTRUNC for what is beyond.
union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(2 * sizeof(int))];
};

// Takes the descriptors out of a received message, and closes all but the first. Their number.
size_t take_descriptors(msghdr &message, Fd &first) {
  size_t count = 0;
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
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

ssize_t send_packet(int socket, iovec *parts, size_t count, int descriptor) {
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  Control control = {};
  if (descriptor >= 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof descriptor);
    cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ssize_t sent;
  do sent = sys::passing(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t receive_packet(int socket, iovec *parts, size_t count, Fd &descriptor) {
  descriptor.reset();
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  Control control;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t size;
  do size = sys::passing(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return size;
  size_t descriptors = take_descriptors(message, descriptor);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && descriptors <= 1) return size;
  descriptor.reset();
  errno = EBADMSG;
  return -1;
}

} // namespace veloci

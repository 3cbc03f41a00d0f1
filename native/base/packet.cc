#include "base/packet.h"
#include "base/sys.h"

namespace veloci {
namespace {

// Room for one descriptor more than is allowed: the kernel says MSG_CTRUNC for what is beyond.
union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE((packet_descriptors_max + 1) * sizeof(int))];
};

// Takes the descriptors out of a received message, and closes all but the first `most`. Their number.
size_t take_descriptors(msghdr &message, Fd *descriptors, size_t most) {
  size_t count = 0;
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (count++ < most)
        descriptors[count - 1].reset(fd);
      else
        close(fd);
    }
  }
  return count;
}

} // namespace

ssize_t send_packet(int socket, iovec *parts, size_t count, int descriptor) {
  return send_packet(socket, parts, count, &descriptor, descriptor >= 0 ? 1 : 0);
}

ssize_t send_packet(int socket, iovec *parts, size_t count, const int *descriptors, size_t descriptor_count) {
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  Control control;
  if (descriptor_count > 0) {
    const size_t bytes = descriptor_count * sizeof(int);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr *part = CMSG_FIRSTHDR(&message);
    *part = {}; // musl has padding in it that the kernel takes for the length
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(part), descriptors, bytes);
  }
  ssize_t sent;
  do sent = sys::passing(SYS_sendmsg, socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t receive_packet(int socket, iovec *parts, size_t count, Fd &descriptor) {
  size_t received;
  descriptor.reset();
  return receive_packet(socket, parts, count, &descriptor, 1, received);
}

ssize_t receive_packet(int socket, iovec *parts, size_t count, Fd *descriptors, size_t most, size_t &received) {
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  Control control;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE((most + 1) * sizeof(int));
  ssize_t size;
  do size = sys::passing(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return size;
  received = take_descriptors(message, descriptors, most);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && received <= most) return size;
  for (size_t i = 0; i < most; i++) descriptors[i].reset();
  errno = EBADMSG;
  return -1;
}

} // namespace veloci

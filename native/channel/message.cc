#include "channel/message.h"
#include "base/packet.h"

namespace veloci {

bool send_message(int socket, MessageHeader header, Bytes detail, int fd) {
  header.detail_size = static_cast<uint32_t>(detail.size);
  iovec parts[2] = {
      {&header, sizeof header},
      {const_cast<uint8_t *>(detail.data), detail.size},
  };
  return send_packet(socket, parts, detail.size ? 2 : 1, fd) >= 0;
}

Received receive_large(int socket, MessageHeader &header, char *buffer, size_t capacity, Fd &fd) {
  iovec parts[2] = {{&header, sizeof header}, {buffer, capacity}};
  ssize_t size = receive_packet(socket, parts, 2, fd);
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return Received::end;
  if (size < 0) return Received::error;
  if (static_cast<size_t>(size) >= sizeof header && static_cast<size_t>(size) - sizeof header == header.detail_size)
    return Received::message;
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

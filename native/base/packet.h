// What is sent over a UNIX socket with a descriptor (SCM_RIGHTS, unix(7)), and received.
#pragma once
#include "base/types.h"
#include <sys/socket.h>
#include <sys/uio.h>

namespace veloci {

// Sends parts as one message with a descriptor (-1 = none). Bytes that were sent, fewer than given on a stream that is
// full; -1 and errno on failure. Never raises SIGPIPE.
ssize_t send_packet(int socket, iovec *parts, size_t count, int descriptor = -1);

// The same with several, of which there may be packet_descriptors_max.
constexpr size_t packet_descriptors_max = 32;
ssize_t send_packet(int socket, iovec *parts, size_t count, const int *descriptors, size_t descriptor_count);

// Receives one message into parts. `descriptor` takes over the one that comes with it, close-on-exec, and is empty when
// none does. Bytes that were received, 0 at the end; -1 and errno on failure: EBADMSG when the message was cut off or
// had more than one descriptor, none of which stays open.
ssize_t receive_packet(int socket, iovec *parts, size_t count, Fd &descriptor);

// The same for up to `most` descriptors; `received` is how many came.
ssize_t receive_packet(int socket, iovec *parts, size_t count, Fd *descriptors, size_t most, size_t &received);

} // namespace veloci

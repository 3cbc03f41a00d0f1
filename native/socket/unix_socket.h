// AF_UNIX stream sockets of callers that receive one descriptor: --console-socket, --pidfd-socket.
#pragma once
#include "base/types.h"
#include <sys/socket.h>

namespace veloci {

// Connects to a socket, however long its path is. A peer that does not accept or read for ten seconds is given up:
// ETIMEDOUT; EINTR when a signal asks us to stop before. 0 or another errno.
int connect_unix(Str path, Fd &out, int type = SOCK_STREAM);

// Sends one message: a text with exactly one descriptor. 0 or an errno.
int send_descriptor(int stream, Str text, int descriptor);

} // namespace veloci

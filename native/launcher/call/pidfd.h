// --pidfd-socket.
#pragma once
#include "launcher/call/invocation.h"

namespace veloci {

// Sends a pidfd of the context's init to the socket of --pidfd-socket, if it was given. The message is `standard` for
// a container's first process and `setns` for a further one, as runc has it. 0 or the exit code, with the error shown.
int send_pidfd(Invocation &invocation, const char *kind);

} // namespace veloci

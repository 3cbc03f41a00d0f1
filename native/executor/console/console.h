#pragma once
#include "base/types.h"

namespace veloci {

// Sends the master of a terminal to the socket of --console-socket: one message with one descriptor.
// Outcome by the steps of console.send.
Outcome send_console(Str path, int master);

} // namespace veloci

// Messages from stager and init to the host side.
#pragma once
#include "executor/context.h"

namespace veloci {

// Receives the next message, which must be of this type and have this point (or slot). 0 or an errno:
// a failure that the other side reports goes to `context.failure` (ECANCELED here); EPIPE when it has died
// (`failure.detail` says how); EINTR when a signal asks us to stop; EPROTO for any other message.
int await_message(Context &context, MessageType type, uint8_t point, Message &message, Fd &fd);

// Sends a message; 0 or an errno, as of await_message when the other side has ended.
int send_to_container(Context &context, const MessageHeader &header, int fd = -1);

// Waits until the started process has executed its program: the socket ends, and the report page says how it went.
// false with `context.failure` filled.
bool await_execution(Context &context);

// Whether a process of the container has been killed because memory ran out.
bool has_run_out_of_memory(Context &context);

// Fills `context.failure` from the report page, when its stage is `failed`.
bool take_reported_failure(Context &context);

} // namespace veloci

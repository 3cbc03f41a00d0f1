// What a running container is, for the verbs whose engine compares it.
#pragma once
#include "file/files.h"
#include "launcher/container/status.h"
#include "launcher/call/invocation.h"
#include "launcher/door/request.h"

namespace veloci {

// Reads what an answer asks for of the invocation's container, as the text of an Observation. 0 or the exit code, with
// the error shown.
int read_observation(Invocation &invocation, const List<FileLook> &looks, Status status, Buffer &out);

// Reads a configuration: what was read already, standard input for `-`, or a file or FIFO. 0 or the exit code, with the
// error shown.
int read_document(Invocation &invocation, Str path, Buffer &out);

// Reads what an answer asks for into the request: a configuration, or what the kernel shows. 0 or the exit code, with
// the error shown.
int read_asked(Invocation &invocation, const List<FileLook> &looks, Status status, Request &request);

} // namespace veloci

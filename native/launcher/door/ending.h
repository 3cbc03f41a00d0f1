// Why a process of a container has ended, when the kernel has killed it for the sake of the configuration.
#pragma once
#include "launcher/door/request.h"
#include "record/record.h"

namespace veloci {

// What can be said of an end.
struct Ending {
  EndReason reason = EndReason::unknown;
  // Members of a JSON object: code, message, place and hint; empty when there is no reason.
  Str keys;

  Engine engine;
  Response response;
};

// Looks for the reason of an end with this code, and warns of it. `made` is the request that the container was made by;
// a null pointer stands for the one that was kept. An end without a reason costs nothing but a look at the container's
// cgroups.
void explain_end(Invocation &invocation, Request *request, int code, Ending &ending);

// Keeps what the cgroups have counted, and the time when somebody has `seen` the end.
void keep_end(Record &record, bool seen);

// Keeps the name of the last system call that the seccomp profile has refused init, where the kernel's log says so.
void keep_refused_call(Record &record);

// Writes the record of the end as one line of JSON. 0 or the exit code, with the error shown.
int print_exit_record(Invocation &invocation);

} // namespace veloci

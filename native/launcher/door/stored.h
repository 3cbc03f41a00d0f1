// The stored plan of a container, renewed by the engine when it is missing, damaged, or of another version.
#pragma once
#include "launcher/door/request.h"

namespace veloci {

struct StoredPlan {
  Buffer memory;
  // For renewing it, and for explaining a failure.
  Request request;
  Engine engine;
  Response response;
};

// Reads the request and the configuration that the container was made from. 0 or an errno.
int restore_request(Invocation &invocation, Request &request);

// Makes the stored plan the context's plan. 0, or the exit code with the error shown.
int open_stored_plan(Invocation &invocation, StoredPlan &stored);

// The same without a word: 0 or an errno. For kill and delete, which go on without a plan.
int try_stored_plan(Invocation &invocation, StoredPlan &stored);

// Explains why a program of the stored plan failed. Returns the exit code.
int explain_stored_failure(Invocation &invocation, StoredPlan &stored);

} // namespace veloci

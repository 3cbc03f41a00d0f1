// Plans of exec: from the memo in the state directory, else from the engine.
#pragma once
#include "launcher/door/request.h"

namespace veloci {

struct ExecPlan {
  Request request;
  Engine engine;
  Response response;
  Buffer memory;
  // Whether `request` is complete (it is not when the plan came from the memo).
  bool asked = false;
  // The plan that is tried when the first one has failed.
  Advice advice;
  bool advised = false;
};

// Starts the stager and makes the plan of the command line the context's plan. 0 or the exit code, with the error
// shown; the context's undo holds the stager.
int open_exec_plan(Invocation &invocation, ExecPlan &plan);

// The plan has failed and was undone. 0 when the context has another one, which the engine has made for this failure;
// else the exit code, with the error shown.
int replace_exec_plan(Invocation &invocation, ExecPlan &plan);

} // namespace veloci

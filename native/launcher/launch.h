// create and run: from the bundle to a created container.
#pragma once
#include "launcher/request.h"

namespace veloci {

// A container that is being made; must live until the command is done.
struct Launch {
  Request request;
  Engine engine;
  Response response;
};

// Creates the container of the command line. 0, or the exit code with the error shown and everything undone.
// The context's undo stack still holds everything: `commit_launch` or undo.
int launch_container(Invocation &invocation, Launch &launch, const char *verb);

// Everything has worked: nothing is undone any more.
void commit_launch(Invocation &invocation);

// --preserve-fds and LISTEN_FDS: their number in the context; one that is not open is passed over. 0 or the exit code.
int take_preserved(Invocation &invocation);

} // namespace veloci

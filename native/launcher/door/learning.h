// --learn FILE: the profile that a program needs, from what it was seen to call; --learn-capabilities FILE: the
// capabilities that it has used; --learn-paths FILE: the paths.
#pragma once
#include "executor/seccomp/learner.h"
#include "launcher/door/request.h"

namespace veloci {

class Learning {
public:
  // Whether --learn is given.
  bool wanted() const { return file_.valid(); }
  // Opens the files and starts to learn, where it is wanted. 0, or the exit code with the error shown.
  int begin(Invocation &invocation);
  // Writes the profile when all processes have ended. `request` is the one of the plan. 0 or the exit code.
  int finish(Invocation &invocation, Request &request);

private:
  Learner learner_;
  Fd file_, capabilities_, paths_;
};

} // namespace veloci

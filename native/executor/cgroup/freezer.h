// What is done with a container's freezer.
#pragma once
#include "cgroup/freezer.h"
#include "cgroup/own_cgroup.h"
#include "executor/context.h"
#include "wait/deadline.h"

namespace veloci {

// Opens the freezer's directory; invalid when there is none, or it is gone.
Fd open_freezer(const FreezerCgroup *freezer, Hierarchy *known = nullptr);

// Waits until a cgroup has come to the state that was asked for. 0, ETIMEDOUT, or an errno.
int await_frozen(int cgroup, FreezerVersion version, bool frozen, Deadline deadline);

// Thaws a cgroup and those below it, which the container may have frozen itself. Errors are passed over.
void thaw(int cgroup, FreezerVersion version);

// Lets what was killed end. v1 ends no process before it is thawed: where a cgroup of others above is frozen, which
// stays as it is, the killed ones leave for the root of the hierarchy.
void release_killed(int cgroup, const FreezerCgroup &freezer);

// Freezes a cgroup, unless it is so already, for as long as this lives: what is in there can neither fork nor move
// away. Nothing is held when there is no cgroup (-1).
class Hold {
public:
  Hold(int cgroup, FreezerVersion version);
  ~Hold();
  Hold(const Hold &) = delete;
  Hold &operator=(const Hold &) = delete;
  // Whether all is frozen.
  bool holds() const { return holds_; }

private:
  int cgroup_ = -1;
  FreezerVersion version_;
  bool holds_ = false;
};

// Whether the container that a record describes is frozen; 0, or an errno when that cannot be read. One whose freezer
// is gone, or cannot be seen, is not.
int read_frozen(const Record &record, bool &frozen, Hierarchy *known = nullptr);

// Waits for the end of its init, to which SIGKILL was sent: v1 ends no frozen process, so it is thawed, and brought
// back when it was moved to a cgroup of others, which stays as it is. False after the time.
bool await_killed(int pid, const FreezerCgroup *freezer, int pidfd, const Deadline &deadline);

// Kills stager and init where exec has put them into the cgroups of a container, and takes them out of its freezer of
// v1: there not even SIGKILL ends a frozen process.
void leave_freezer(const Context &context);

} // namespace veloci

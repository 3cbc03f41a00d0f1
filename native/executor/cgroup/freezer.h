// The one that freezes a container: its cgroup of v1's hierarchy "freezer", or else that of v2.
#pragma once
#include "executor/deadline.h"
#include "executor/context.h"

namespace veloci {

// Whether a cgroup is frozen, by itself or by one above: freezer.state of v1, cgroup.events of v2. False where neither
// is.
bool is_frozen(int cgroup);

// Freezes or thaws a cgroup. False and errno on failure: ENOENT where it cannot be frozen.
bool set_frozen(int cgroup, bool frozen);

// Waits until a cgroup has come to the state that was asked for. 0, ETIMEDOUT, or an errno.
int await_frozen(int cgroup, bool frozen, Deadline deadline);

// Thaws a cgroup and those below it, which the container may have frozen itself. Errors are passed over.
void thaw(int cgroup);

// Lets what was killed end. v1 ends no process before it is thawed: where a cgroup of others above is frozen, which
// stays as it is, the killed ones leave for the root of the hierarchy at `mount`.
void release_killed(int cgroup, Str mount);

// Freezes a cgroup, unless it is so already, for as long as this lives: what is in there can neither fork nor move
// away.
class Hold {
public:
  explicit Hold(int cgroup);
  ~Hold();
  Hold(const Hold &) = delete;
  Hold &operator=(const Hold &) = delete;
  // Whether all is frozen.
  bool holds() const { return holds_; }

private:
  int cgroup_ = -1;
  bool holds_ = false;
};

// Whether the container that a record describes is frozen.
bool frozen_recorded(const Record &record);

// Thaws it.
void thaw_recorded(const Record &record);

// Waits for the end of its init, to which SIGKILL was sent: v1 ends no frozen process, so it is thawed, and brought
// back when it was moved to a cgroup of others, which stays as it is. False after the time.
bool await_killed(const Record &record, int pidfd, const Deadline &deadline);

} // namespace veloci

// How the stager enters cgroups: what it writes to is opened here, by what the record knows of them, and handed over.
#pragma once
#include "base/closing.h"
#include "executor/context.h"

namespace veloci {

// Descriptors in the order of the stager's operations (MessageType::members).
struct Memberships {
  Fd members[record_cgroups_max];
  // Why one of them is missing; 0 = it is there.
  MemberErrors errors = {};
  unsigned count = 0;
  ~Memberships() {
    for (Fd &member : members) {
      if (member.valid()) closing.add(member.release());
    }
    closing.flush();
  }
  // Which of them is a directory of v2, from 1; 0 = none.
  unsigned unified = 0;
};

// Opens them for cgroup.join and cgroup.follow of the context's plan: exec goes where the container's init is now.
// False with `context.failure` filled, as if the operation of the stager had failed.
bool open_memberships(Context &context, Memberships &out);

// Adds the cgroup that was followed last to a failure of process.clone that was reported.
void name_refused_cgroup(Context &context);

} // namespace veloci

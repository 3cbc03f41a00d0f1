// sched.set, ioprio.set: what needs the caller's rights, done to init by its pid. It is our child and not yet reaped,
// so the number is its own.
#include <sys/syscall.h>
#include <unistd.h>

#include "executor/handler.h"

namespace veloci {

namespace {

// struct sched_attr of linux/sched/types.h with the fields up to Linux 5.3; musl has none.
struct SchedAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t util_min, util_max;
};

constexpr int ioprio_who_process = 1;
constexpr unsigned ioprio_class_shift = 13;

} // namespace

Outcome HostHandler::on(const SchedSet &op) {
  SchedAttributes attributes = {};
  attributes.size = sizeof attributes;
  attributes.policy = op.policy;
  attributes.flags = op.flags;
  attributes.nice = op.nice;
  attributes.priority = op.priority;
  attributes.runtime = op.runtime;
  attributes.deadline = op.deadline;
  attributes.period = op.period;
  long result = syscall(SYS_sched_setattr, context_.init.pid, &attributes, 0);
  return result == 0 ? Outcome{} : Outcome::failed(step::sched_set::attributes);
}

Outcome HostHandler::on(const IoprioSet &op) {
  long result =
      syscall(SYS_ioprio_set, ioprio_who_process, context_.init.pid, op.class_ << ioprio_class_shift | op.priority);
  return result == 0 ? Outcome{} : Outcome::failed(step::ioprio_set::ioprio);
}

} // namespace veloci

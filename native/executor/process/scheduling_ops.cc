// sched.set, ioprio.set: what needs the caller's rights, done to init by its pid. Of a start it is our child and not
// yet reaped, so the number is its own.
#include <sys/syscall.h>
#include <unistd.h>

#include "executor/handler.h"
#include "executor/process/target.h"

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

// What a container that runs had before.
struct BeforeSchedule {
  pid_t pid;
  SchedAttributes attributes;
};
struct BeforePriority {
  pid_t pid;
  long priority;
};

void undo_schedule(Context &, BeforeSchedule &before) { syscall(SYS_sched_setattr, before.pid, &before.attributes, 0); }

void undo_priority(Context &, BeforePriority &before) {
  syscall(SYS_ioprio_set, ioprio_who_process, before.pid, before.priority);
}

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
  pid_t pid = target_of(context_);
  if (pid <= 0) return Outcome::failed(step::sched_set::attributes);
  if (context_.init.pid <= 0) {
    BeforeSchedule before = {pid, {}};
    if (syscall(SYS_sched_getattr, pid, &before.attributes, sizeof before.attributes, 0) != 0 ||
        context_.undo.keep(undo_schedule, static_cast<BeforeSchedule &&>(before)) == nullptr)
      return Outcome::failed(step::sched_set::attributes);
  }
  long result = syscall(SYS_sched_setattr, pid, &attributes, 0);
  return result == 0 ? Outcome{} : Outcome::failed(step::sched_set::attributes);
}

Outcome HostHandler::on(const IoprioSet &op) {
  pid_t pid = target_of(context_);
  if (pid <= 0) return Outcome::failed(step::ioprio_set::ioprio);
  if (context_.init.pid <= 0) {
    long before = syscall(SYS_ioprio_get, ioprio_who_process, pid);
    if (before < 0 || context_.undo.keep(undo_priority, BeforePriority{pid, before}) == nullptr)
      return Outcome::failed(step::ioprio_set::ioprio);
  }
  long result = syscall(SYS_ioprio_set, ioprio_who_process, pid, op.class_ << ioprio_class_shift | op.priority);
  return result == 0 ? Outcome{} : Outcome::failed(step::ioprio_set::ioprio);
}

} // namespace veloci

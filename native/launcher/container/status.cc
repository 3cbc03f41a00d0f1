#include "launcher/container/status.h"
#include "executor/cgroup/freezer.h"
#include "process/process.h"

namespace veloci {

Str status_name(Status status) {
  switch (status) {
  case Status::creating: return Str::of("creating");
  case Status::created: return Str::of("created");
  case Status::running: return Str::of("running");
  case Status::paused: return Str::of("paused");
  case Status::stopped: return Str::of("stopped");
  }
  return {};
}

int container_status(const Record &record, Status &status, Hierarchy *known) {
  Stage stage = record_stage(record);
  status = Status::stopped;
  if (record.pid <= 0) {
    if (stage == Stage::creating) status = Status::creating;
    return 0;
  }
  ProcessStat stat;
  int err = read_process_stat(record.pid, stat);
  if (err == ESRCH || (err == 0 && (stat.start_time != record.start_time || !stat.alive()))) return 0;
  if (err == 0) err = check_boot(record);
  if (err != 0) return err == ESRCH ? 0 : err;
  if (stage == Stage::creating) status = Status::creating;
  // Failed: it is about to end.
  if (stage == Stage::creating || stage == Stage::failed) return 0;
  bool frozen = false;
  if (int failed = read_frozen(record, frozen, known); failed != 0) return failed;
  status = frozen ? Status::paused : stage == Stage::created ? Status::created : Status::running;
  return 0;
}

} // namespace veloci

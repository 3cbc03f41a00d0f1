#include "launcher/container/status.h"
#include "executor/cgroup/freezer.h"
#include "executor/process/process.h"

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

Status container_status(const Record &record) {
  Stage stage = record_stage(record);
  if (record.pid <= 0) return stage == Stage::creating ? Status::creating : Status::stopped;
  ProcessStat stat;
  if (read_process_stat(record.pid, stat) != 0 || stat.start_time != record.start_time || !stat.alive()) {
    return Status::stopped;
  }
  if (record.boot != boot_mark()) return Status::stopped;
  if (stage == Stage::creating) return Status::creating;
  // It is about to end.
  if (stage == Stage::failed) return Status::stopped;
  if (frozen_recorded(record)) return Status::paused;
  return stage == Stage::created ? Status::created : Status::running;
}

} // namespace veloci

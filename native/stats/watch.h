// Waits for what happens to a container.
#pragma once
#include "cgroup/freezer.h"
#include "stats/source.h"

namespace veloci {

enum class WatchEvent : uint8_t { none, tick, oom, pause, resume, pressure, exit, stop };

class Watch {
public:
  // Begins to watch the container of a record. `pidfd` is that of its init, `signals` a signalfd of the command's own.
  // What this kernel does not report is never reported.
  void open(const Record &record, StatsSource &source, int pidfd, int signals);

  // Waits for the next event, at most until `deadline` (CLOCK_MONOTONIC, milliseconds): then it is a tick.
  // `stop`: a signal for the command.
  WatchEvent wait(int64_t deadline);

  // After `pressure`: the resource, and the text of its file.
  const char *resource() const;
  Slice pressure_text();

private:
  static constexpr unsigned resources = 3;
  void open_oom_v1();
  void open_freezer(const Record &record);
  void open_pressure();
  WatchEvent look_at_freezer();
  bool oom_counted();

  StatsSource *source_ = nullptr;
  int pidfd_ = -1, signals_ = -1;
  Fd oom_, oom_control_, freezer_cgroup_, freezer_, pressure_[resources];
  bool v1_oom_ = false;
  FreezerVersion freezer_version_{};
  bool frozen_ = false, on_its_way_ = false;
  uint64_t ooms_ = 0;
  unsigned pressed_ = 0;
};

} // namespace veloci

#include "stats/watch.h"
#include "base/clock.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

namespace veloci {

namespace {

struct Resource {
  const char *name, *file;
};
constexpr Resource watched[] = {{"cpu", "cpu.pressure"}, {"memory", "memory.pressure"}, {"io", "io.pressure"}};

// Some task was held up for 200 ms within 2 s. Windows of other lengths need a privilege.
constexpr char trigger[] = "some 200000 2000000";

// The freezer of v1 does not notify anybody when everything is frozen.
constexpr int freezer_pause = 10;

} // namespace

void Watch::open_oom_v1() {
  int directory = source_->directory_of("memory.oom_control");
  if (directory < 0) return;
  oom_control_.reset(open_below_cgroup(directory, "memory.oom_control", O_RDONLY));
  oom_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  char line[64];
  int size = snprintf(line, sizeof line, "%d %d", oom_.get(), oom_control_.get());
  v1_oom_ = oom_control_.valid() && oom_.valid() &&
            write_cgroup_file(directory, "cgroup.event_control", Str{line, static_cast<uint32_t>(size)});
  if (!v1_oom_) oom_.reset();
}

void Watch::open_freezer(const Record &record) {
  FreezerCgroup freezer;
  if (!find_freezer(record, freezer)) return;
  freezer_version_ = freezer.version;
  freezer_cgroup_.reset(open_own_cgroup(freezer.cgroup, O_RDONLY | O_DIRECTORY));
  if (!freezer_cgroup_.valid()) return;
  if (freezer.version == FreezerVersion::v2) {
    freezer_.reset(open_below_cgroup(freezer_cgroup_.get(), frozen_file(freezer.version), O_RDONLY));
    return;
  }
  freezer_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/%s", freezer_cgroup_.get(), frozen_file(freezer.version));
  if (!freezer_.valid() || inotify_add_watch(freezer_.get(), path, IN_MODIFY) < 0) freezer_.reset();
}

void Watch::open_pressure() {
  for (unsigned i = 0; i < resources; i++) {
    pressure_[i].reset(source_->open_file(watched[i].file, O_RDWR | O_NONBLOCK));
    if (pressure_[i].valid() && ::write(pressure_[i].get(), trigger, sizeof trigger) < 0) pressure_[i].reset();
  }
}

void Watch::open(const Record &record, StatsSource &source, int pidfd, int signals) {
  source_ = &source;
  pidfd_ = pidfd;
  signals_ = signals;
  open_oom_v1();
  if (!v1_oom_) {
    oom_.reset(source.open_file("memory.events", O_RDONLY));
    oom_counted();
  }
  open_freezer(record);
  open_pressure();
  look_at_freezer();
}

// Reads how often processes were killed; true when that has grown. Reading also makes a file of v2 report anew.
bool Watch::oom_counted() {
  char text[512];
  ssize_t size = oom_.valid() ? pread(oom_.get(), text, sizeof text, 0) : 0;
  uint64_t count = ooms_;
  if (size > 0) find_count({text, text + size}, "oom_kill", count);
  bool grown = count > ooms_;
  ooms_ = count;
  return grown;
}

WatchEvent Watch::look_at_freezer() {
  if (!freezer_.valid()) return WatchEvent::none;
  char text[512];
  bool v1 = freezer_version_ == FreezerVersion::v1;
  // Read, so that it reports anew.
  if (!v1) pread(freezer_.get(), text, sizeof text, 0);
  while (v1 && ::read(freezer_.get(), text, sizeof text) > 0) {
  }
  Frozen state = frozen_state(freezer_cgroup_.get(), freezer_version_);
  if (state == Frozen::unknown) return WatchEvent::none;
  on_its_way_ = v1 && state == Frozen::on_its_way;
  bool frozen = state == Frozen::yes;
  if (frozen == frozen_) return WatchEvent::none;
  frozen_ = frozen;
  return frozen ? WatchEvent::pause : WatchEvent::resume;
}

WatchEvent Watch::wait(int64_t deadline) {
  for (;;) {
    short changed = POLLPRI;
    struct pollfd places[4 + resources] = {
        {signals_, POLLIN, 0},
        {pidfd_, POLLIN, 0},
        {oom_.get(), v1_oom_ ? static_cast<short>(POLLIN) : changed, 0},
        {freezer_.get(), freezer_version_ == FreezerVersion::v1 ? static_cast<short>(POLLIN) : changed, 0},
    };
    for (unsigned i = 0; i < resources; i++) places[4 + i] = {pressure_[i].get(), changed, 0};
    int64_t remaining = deadline - monotonic_milliseconds();
    int pause = remaining < 0 ? 0 : remaining > INT32_MAX ? INT32_MAX : static_cast<int>(remaining);
    if (on_its_way_ && pause > freezer_pause) pause = freezer_pause;
    int ready = poll(places, 4 + resources, pause);
    if (ready < 0 && errno != EINTR) return WatchEvent::stop;
    if (places[0].revents != 0) return WatchEvent::stop;
    if (places[2].revents != 0) {
      uint64_t count;
      // The eventfd of v1 is signalled when the cgroup goes, too; then its file is no more.
      if (!v1_oom_) {
        if (oom_counted()) return WatchEvent::oom;
      } else if (::read(oom_.get(), &count, sizeof count) > 0 && source_->directory_of("memory.oom_control") >= 0) {
        return WatchEvent::oom;
      }
    }
    if (places[3].revents != 0 || on_its_way_) {
      if (WatchEvent seen = look_at_freezer(); seen != WatchEvent::none) return seen;
    }
    if (places[1].revents != 0) return WatchEvent::exit;
    for (unsigned i = 0; i < resources; i++) {
      if (places[4 + i].revents == 0) continue;
      if ((places[4 + i].revents & POLLERR) != 0) {
        pressure_[i].reset();
        continue;
      }
      pressed_ = i;
      return WatchEvent::pressure;
    }
    if (monotonic_milliseconds() >= deadline) return WatchEvent::tick;
  }
}

const char *Watch::resource() const { return watched[pressed_].name; }

Slice Watch::pressure_text() {
  Slice text;
  return source_->read(watched[pressed_].file, text) ? text : Slice{};
}

} // namespace veloci

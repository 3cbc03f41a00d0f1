#include "launcher/container/file_watch.h"
#include <poll.h>
#include <sys/inotify.h>

namespace veloci {

namespace {

// Editors write in several steps.
constexpr int calm_milliseconds = 50;

} // namespace

int FileWatch::open(const char *path) {
  path_ = path;
  TextOf<4096> directory;
  const char *slash = strrchr(path, '/');
  if (slash == nullptr)
    directory.add(".");
  else
    directory.add(path, static_cast<size_t>(slash - path) + 1);
  if (!directory.complete()) return ENAMETOOLONG;
  events_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events_.valid()) return errno;
  constexpr uint32_t what = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (inotify_add_watch(events_.get(), directory.c_str(), what) < 0) return errno;
  changed();
  return 0;
}

int FileWatch::drain() {
  alignas(struct inotify_event) char buffer[4096];
  for (;;) {
    ssize_t size = read(events_.get(), buffer, sizeof buffer);
    if (size <= 0) return 0;
    for (ssize_t offset = 0; offset < size;) {
      auto *event = reinterpret_cast<const struct inotify_event *>(buffer + offset);
      if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) return ENOENT;
      offset += static_cast<ssize_t>(sizeof *event + event->len);
    }
  }
}

bool FileWatch::changed() {
  struct stat now;
  if (stat(path_, &now) != 0) return false;
  bool same = now.st_dev == last_.st_dev && now.st_ino == last_.st_ino && now.st_size == last_.st_size &&
              now.st_mtim.tv_sec == last_.st_mtim.tv_sec && now.st_mtim.tv_nsec == last_.st_mtim.tv_nsec;
  last_ = now;
  return !same;
}

int FileWatch::wait(Signals &signals) {
  bool stirred = false;
  for (;;) {
    struct pollfd waiting[2] = {{events_.get(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
    int ready = poll(waiting, 2, stirred ? calm_milliseconds : -1);
    if (ready < 0 && errno != EINTR) return errno;
    if (Signals::pending_stop() != 0) return EINTR;
    if (ready == 0 && changed()) return 0;
    stirred = waiting[0].revents != 0;
    if (waiting[1].revents != 0) signals.take();
    if (int err = drain(); err != 0) return err;
  }
}

} // namespace veloci

#include "stats/source.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>

namespace veloci {

namespace {

constexpr size_t text_max = 256 * 1024;

} // namespace

int StatsSource::open(const Record &record) {
  if (!memory_.allocate(text_max)) return errno;
  RecordCgroups groups(record);
  RecordCgroup own;
  while (count_ < most && groups.next(own)) {
    Fd directory(open_own_cgroup(own, O_RDONLY | O_DIRECTORY));
    if (directory.valid()) directories_[count_++] = static_cast<Fd &&>(directory);
  }
  return count_ > 0 ? 0 : ENOENT;
}

int StatsSource::open_file(const char *name, int flags) {
  errno = ENOENT;
  for (unsigned i = 0; i < count_; i++) {
    unsigned place = (last_ + i) % count_;
    int fd = open_below_cgroup(directories_[place].get(), name, flags);
    if (fd < 0) continue;
    last_ = place;
    return fd;
  }
  return -1;
}

int StatsSource::directory_of(const char *name) {
  Fd file(open_file(name, O_PATH));
  return file.valid() ? directories_[last_].get() : -1;
}

bool StatsSource::read(const char *name, Slice &text) {
  Fd file(open_file(name, O_RDONLY));
  if (!file.valid()) return false;
  char *buffer = memory_.data();
  size_t size = 0;
  while (size < text_max - 1) {
    ssize_t count = ::read(file.get(), buffer + size, text_max - 1 - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  text = {buffer, buffer + size};
  return true;
}

bool StatsSource::number(const char *name, uint64_t &value) {
  Slice text;
  return read(name, text) && parse_count(text, value);
}

bool parse_count(Slice text, uint64_t &value) {
  if (text.starts_with(Slice::of("max"))) {
    value = UINT64_MAX;
    return true;
  }
  const char *cursor = text.begin;
  value = 0;
  for (; cursor < text.end && *cursor >= '0' && *cursor <= '9'; cursor++)
    value = value * 10 + static_cast<uint64_t>(*cursor - '0');
  return cursor > text.begin;
}

bool find_count(Slice lines, const char *key, uint64_t &value) {
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    if (line.cut(' ').equals(key)) return parse_count(line, value);
  }
  return false;
}

} // namespace veloci

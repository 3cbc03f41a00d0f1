// Descriptors of small steps are closed many at a time: a mount opens three or four, and a container has dozens of
// mounts.
#pragma once
#include "base/sys.h"
#include "base/types.h"

namespace veloci {

// Which descriptors are to be closed. They count as closed: nothing uses them any more.
class Closing {
public:
  void add(int fd) {
    if (fd >= limit) {
      ::close(fd);
      return;
    }
    waiting_ |= uint64_t{1} << fd;
    if (++count_ == limit / 2) flush();
  }
  [[gnu::noinline]] void flush() {
    for (int fd = 0; fd < limit; fd++) {
      if ((waiting_ >> fd & 1) == 0) continue;
      int first = fd;
      while (fd + 1 < limit && (waiting_ >> (fd + 1) & 1) != 0) fd++;
      sys::close_range(static_cast<unsigned>(first), static_cast<unsigned>(fd), 0);
    }
    waiting_ = 0;
    count_ = 0;
  }
  // Those from `end` on are closed otherwise now.
  void flush_below(unsigned end) {
    if (end < limit) waiting_ &= (uint64_t{1} << end) - 1;
    flush();
  }

private:
  static constexpr int limit = 64;
  uint64_t waiting_ = 0;
  int count_ = 0;
};

inline Closing closing;

// Owner of a descriptor that is closed with others, some steps later.
class BriefFd {
public:
  explicit BriefFd(int fd = -1) : fd_(fd) {}
  BriefFd(const BriefFd &) = delete;
  BriefFd &operator=(const BriefFd &) = delete;
  ~BriefFd() { reset(); }

  int get() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  int release() { return fd_.release(); }
  void reset(int fd = -1) {
    if (valid()) closing.add(release());
    fd_.reset(fd);
  }

private:
  Fd fd_;
};

} // namespace veloci

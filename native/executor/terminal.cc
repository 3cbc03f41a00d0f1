#include "executor/terminal.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

namespace veloci {

void RawMode::enter(int fd) {
  if (fd_ >= 0 || tcgetattr(fd, &saved_) != 0) return;
  struct termios raw = saved_;
  cfmakeraw(&raw);
  // Output passes unchanged: the container's own terminal has done what its program asked for.
  if (tcsetattr(fd, TCSANOW, &raw) == 0) fd_ = fd;
}

void RawMode::restore() {
  if (fd_ < 0) return;
  tcsetattr(fd_, TCSANOW, &saved_);
  fd_ = -1;
}

void Relay::start(Fd master) {
  master_ = static_cast<Fd &&>(master);
  int flags = fcntl(master_.get(), F_GETFL);
  fcntl(master_.get(), F_SETFL, flags | O_NONBLOCK);
  raw_.enter(STDIN_FILENO);
  resize();
}

void Relay::resize() {
  struct winsize size;
  if (!master_.valid() || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return;
  ioctl(master_.get(), TIOCSWINSZ, &size);
}

Relay::Poll Relay::master_poll() const {
  if (!master_.valid()) return {-1, 0};
  short events = 0;
  if (out_.empty()) events |= POLLIN;
  if (!in_.empty()) events |= POLLOUT;
  return {master_.get(), events};
}

Relay::Poll Relay::input_poll() const {
  if (!master_.valid() || !input_open_ || !in_.empty()) return {-1, 0};
  return {STDIN_FILENO, POLLIN};
}

Relay::Poll Relay::output_poll() const {
  if (!master_.valid() || out_.empty()) return {-1, 0};
  return {STDOUT_FILENO, POLLOUT};
}

// false = the end of this source.
bool Relay::fill(Direction &direction, int fd) {
  ssize_t count = ::read(fd, direction.data, sizeof direction.data);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  direction.begin = 0;
  direction.end = static_cast<uint32_t>(count);
  return true;
}

// false = the target is gone.
bool Relay::flush(Direction &direction, int fd) {
  ssize_t count = ::write(fd, direction.data + direction.begin, direction.end - direction.begin);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  direction.begin += static_cast<uint32_t>(count);
  return true;
}

void Relay::pump(short master, short input, short output) {
  if (!master_.valid()) return;
  if ((input & (POLLIN | POLLHUP | POLLERR)) != 0 && in_.empty()) {
    input_open_ = fill(in_, STDIN_FILENO);
    if (!input_open_) {
      // The end of input is a control character for a terminal.
      in_.data[0] = 4;
      in_.begin = 0;
      in_.end = 1;
    }
  }
  if ((output & (POLLOUT | POLLERR)) != 0 && !out_.empty() && !flush(out_, STDOUT_FILENO)) {
    output_open_ = false;
    out_.begin = out_.end = 0;
  }
  if ((master & POLLOUT) != 0 && !in_.empty() && !flush(in_, master_.get())) in_.begin = in_.end = 0;
  if ((master & (POLLIN | POLLHUP | POLLERR)) != 0 && out_.empty() && !fill(out_, master_.get())) {
    // EIO: nobody has the other side open any more.
    master_.reset();
    raw_.restore();
    return;
  }
  if (!output_open_) out_.begin = out_.end = 0;
}

void Relay::drain() {
  // A process of the container may hold the terminal for ever: only what is there already is copied.
  for (int round = 0; master_.valid() && round < 4096; round++) {
    while (!out_.empty()) {
      struct pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      if (!output_open_ || poll(&ready, 1, 1000) <= 0 || !flush(out_, STDOUT_FILENO)) {
        out_.begin = out_.end = 0;
        output_open_ = false;
      }
    }
    struct pollfd ready{master_.get(), POLLIN, 0};
    if (poll(&ready, 1, 0) <= 0) break;
    if (!fill(out_, master_.get())) break;
  }
  master_.reset();
  raw_.restore();
}

} // namespace veloci

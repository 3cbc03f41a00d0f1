#include "executor/console/terminal.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

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

namespace {

// Standard output once more, as an open file of our own that never blocks: the caller's may be shared, and its flags
// are not ours to change. Not where it has a position (a file), nor where it cannot be opened (a socket).
Fd reopen_output() {
  struct stat info;
  bool stream = fstat(STDOUT_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || isatty(STDOUT_FILENO) == 1);
  return Fd(stream ? open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1);
}

} // namespace

void Relay::start(Fd master) {
  master_ = static_cast<Fd &&>(master);
  output_ = reopen_output();
  int flags = fcntl(master_.get(), F_GETFL);
  fcntl(master_.get(), F_SETFL, flags | O_NONBLOCK);
  raw_.enter(STDIN_FILENO);
  copy_terminal_size(master_.get());
}

void copy_terminal_size(int master) {
  struct winsize size;
  if (master < 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return;
  // One that does not know its size leaves that of the configuration.
  if (size.ws_row != 0 && size.ws_col != 0) ioctl(master, TIOCSWINSZ, &size);
}

Relay::Poll Relay::master_poll() const {
  if (!master_.valid()) return {-1, 0};
  short events = 0;
  if (out_.empty()) events |= POLLIN;
  if (!in_.empty()) events |= POLLOUT;
  // Not asked for anything, a terminal whose other side is closed would still answer at once, again and again.
  return {events != 0 ? master_.get() : -1, events};
}

Relay::Poll Relay::input_poll() const {
  if (!master_.valid() || !input_open_ || !in_.empty()) return {-1, 0};
  return {STDIN_FILENO, POLLIN};
}

Relay::Poll Relay::output_poll() const {
  if (!master_.valid() || out_.empty()) return {-1, 0};
  return {output_descriptor(), POLLOUT};
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

// The end of input is a control character for a terminal.
void Relay::type_end() {
  in_.data[0] = 4;
  in_.begin = 0;
  in_.end = 1;
}

void Relay::repeat_end() {
  constexpr int longest_pause = 1000;
  if (end_pause_ < longest_pause) end_pause_ *= 2;
  if (in_.empty()) type_end();
}

void Relay::pump(short master, short input, short output) {
  if (!master_.valid()) return;
  if ((input & (POLLIN | POLLHUP | POLLERR)) != 0 && in_.empty()) {
    input_open_ = fill(in_, STDIN_FILENO);
    if (!input_open_) type_end();
  }
  if ((output & (POLLOUT | POLLERR)) != 0 && !out_.empty() && !flush(out_, output_descriptor())) {
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

// Writes what is there, however slow the reader is. false = it is gone, or we are asked to stop.
bool Relay::flush_all(const Signals &signals) {
  constexpr int slice = 100; // milliseconds after which a signal is seen
  while (output_open_ && !out_.empty()) {
    struct pollfd ready {
      output_descriptor(), POLLOUT, 0
    };
    if (signals.pending_stop() != 0) return false;
    if (poll(&ready, 1, slice) > 0 && !flush(out_, output_descriptor())) return false;
  }
  return output_open_;
}

void Relay::drain(const Signals &signals) {
  // A process of the container may hold the terminal for ever: only what is there already is copied.
  for (int round = 0; master_.valid() && round < 4096; round++) {
    if (!flush_all(signals)) break;
    struct pollfd ready {
      master_.get(), POLLIN, 0
    };
    if (poll(&ready, 1, 0) <= 0) break;
    if (!fill(out_, master_.get())) break;
  }
  master_.reset();
  raw_.restore();
}

} // namespace veloci

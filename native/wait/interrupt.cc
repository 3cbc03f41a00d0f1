#include "wait/interrupt.h"
#include "base/stop_signals.h"
#include "wait/progress.h"
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>

namespace veloci {

namespace {

constexpr int last_signal = 64;

void fill(sigset_t &set) {
  sigfillset(&set);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&set, fault);
}

} // namespace

void Signals::block() {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  // A caller that ignores its children's ends would leave nobody for us to wait for.
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &usual, nullptr);
  sigset_t set;
  fill(set);
  sigprocmask(SIG_SETMASK, &set, nullptr);
}

int Signals::descriptor() {
  if (!fd_.valid()) {
    sigset_t set;
    fill(set);
    fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  return fd_.get();
}

int Signals::take() {
  struct signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

int Signals::pending_stop() {
  sigset_t pending;
  if (sigpending(&pending) != 0) return 0;
  for (int stop : stop_signals) {
    if (sigismember(&pending, stop) == 1) return stop;
  }
  return 0;
}

int await_readable(int fd, Signals *signals, int milliseconds, Progress *progress) {
  if (signals == nullptr) return 0;
  struct pollfd waiting[2] = {{fd, POLLIN, 0}, {signals->descriptor(), POLLIN, 0}};
  for (;;) {
    int ready = poll(waiting, 2, progress == nullptr ? milliseconds : progress->tick());
    if (ready == 0 && progress == nullptr) return ETIMEDOUT;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (waiting[0].revents != 0) return 0;
    if (signals->should_stop()) return EINTR;
  }
}

namespace {

// Waits until something can be written: a pipe takes 4096 bytes then. 0; EINTR when it cannot and a signal asks us to
// stop; ETIMEDOUT after `milliseconds` (-1 = never); or another errno.
int await_writable(int fd, int milliseconds) {
  constexpr int slice = 100; // a signal that asks us to stop is seen after so long
  for (int waited = 0, pause = 0;; waited += pause, pause = slice) {
    struct pollfd room = {fd, POLLOUT, 0};
    int ready = poll(&room, 1, pause);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
    if (Signals::pending_stop() != 0) return EINTR;
    if (milliseconds >= 0 && waited >= milliseconds) return ETIMEDOUT;
  }
}

} // namespace

int write_within(int fd, Str text, int milliseconds) {
  constexpr size_t room = 4096;
  for (size_t done = 0; done < text.size;) {
    if (int err = await_writable(fd, milliseconds); err != 0) return err;
    size_t size = text.size - done < room ? text.size - done : room;
    ssize_t count = ::write(fd, text.data + done, size);
    if (count >= 0)
      done += static_cast<size_t>(count);
    else if (errno != EINTR && errno != EAGAIN)
      return errno;
  }
  return 0;
}

bool Signals::should_stop() {
  if (pending_stop() != 0) return true;
  take();
  return false;
}

uint64_t ignored_signals() {
  constexpr uint64_t all = ~uint64_t{0};
  constexpr char key[] = "\nSigIgn:\t";
  char text[4096];
  Fd file(openat(AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC));
  ssize_t size = file.valid() ? ::read(file.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return all;
  text[size] = 0;
  const char *value = strstr(text, key);
  char *end;
  if (value == nullptr) return all;
  uint64_t ignored = strtoull(value + sizeof key - 1, &end, 16);
  return *end == '\n' ? ignored : all;
}

void restore_signals(uint64_t ignored) {
  for (int number = 1; number <= last_signal; number++) {
    if ((ignored >> (number - 1) & 1) != 0) signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

} // namespace veloci

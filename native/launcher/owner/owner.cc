#include "launcher/owner/owner.h"
#include "socket/unix_socket.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace veloci {

namespace {

int given(const Arguments &arguments, cli::Flag flag) {
  if (!arguments.has(flag)) return -1;
  int fd = static_cast<int>(arguments.number(flag));
  // No process of the container and no hook may have it: it would live on in there.
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

int64_t microseconds(const struct timeval &time) { return time.tv_sec * 1000000 + time.tv_usec; }

} // namespace

void Owner::open(const Arguments &arguments) {
  socket_.reset(given(arguments, cli::Flag::control_fd));
  console_.reset(given(arguments, cli::Flag::console_fd));
  layer_.reset(given(arguments, cli::Flag::layer_fd));
  present_ = socket_.valid();
}

bool Owner::take(Wish &wish, int &signal) {
  for (;;) {
    uint8_t byte = 0;
    ssize_t size = recv(socket_.get(), &byte, 1, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) {
      if (!socket_.valid()) return false;
      socket_.reset();
      wish = Wish::gone;
      return true;
    }
    if (awaits_number_) {
      awaits_number_ = false;
      wish = Wish::signal;
      signal = byte;
      return true;
    }
    wish = static_cast<Wish>(byte);
    switch (wish) {
    case Wish::signal: awaits_number_ = true; continue;
    case Wish::detach: detached_ = true; continue;
    case Wish::remove_ended: removes_ended_ = true; continue;
    case Wish::remove: removes_ended_ = true; return true;
    case Wish::start: return true;
    default: continue; // of a later version
    }
  }
}

bool Owner::await(Signals &signals, int pidfd, Wish &wish, int &signal) {
  for (;;) {
    if (take(wish, signal)) return true;
    struct pollfd waiting[] = {{socket_.get(), POLLIN, 0}, {pidfd, POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
    if (poll(waiting, 3, -1) < 0) continue;
    if (waiting[1].revents != 0 || Signals::pending_stop() != 0) return false;
  }
}

template <class Fill> void Owner::send(Fill fill) {
  if (gone()) return;
  char memory[512];
  JsonWriter json(memory, sizeof memory - 1);
  {
    ControlMessageWriter message(json);
    fill(message);
  }
  TextOf<sizeof memory> line;
  line.add(json.text()).add_char('\n');
  // An owner that has gone is seen by take().
  write_within(socket_.get(), line.str(), wait_limit);
}

void Owner::note(ControlEvent event, int pid) {
  send([&](ControlMessageWriter &message) { message.event(event).pid(pid); });
}

void Owner::hand_over_console(Fd &master) {
  if (console_.valid() && master.valid()) send_descriptor(console_.get(), Str::of("console"), master.get());
  master.reset();
  console_.reset();
}

void Owner::hand_over_layer(Fd &layer, Fd &view) {
  if (layer_.valid() && layer.valid() && view.valid()) {
    send_descriptor(layer_.get(), Str::of("layer"), layer.get());
    send_descriptor(layer_.get(), Str::of("view"), view.get());
  }
  layer.reset();
  view.reset();
  layer_.reset();
}

void Owner::leave_streams() {
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; null.valid() && fd <= 2; fd++) dup2(null.get(), fd);
}

void Owner::note_end(EndReason reason) {
  send([&](ControlMessageWriter &message) {
    message.event(ControlEvent::ended);
    if (end_.si_code == CLD_EXITED)
      message.status(end_.si_status);
    else
      message.signal(end_.si_status);
    if (reason != EndReason::unknown) message.reason(reason_name(reason));
    message.user_time(microseconds(usage_.ru_utime)).system_time(microseconds(usage_.ru_stime));
    message.peak_memory(usage_.ru_maxrss * 1024);
  });
}

} // namespace veloci

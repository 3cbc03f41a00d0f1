#include "launcher/call/notify.h"
#include "executor/process/exit_status.h"
#include "process/process.h"
#include "executor/state/state.h"
#include "socket/unix_socket.h"
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t longest_message = 4096;

// The messages of a container that reach the service manager. Not MAINPID, whose number means nothing outside, nor
// what hands descriptors over or waits.
bool may_pass(Str line) {
  for (const char *key : {"READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger"}) {
    if (line == Str::of(key)) return true;
  }
  for (const char *key : {"STATUS=", "ERRNO=", "BUSERROR=", "MONOTONIC_USEC=", "EXTEND_TIMEOUT_USEC="}) {
    size_t size = strlen(key);
    if (line.size > size && memcmp(line.data, key, size) == 0) return true;
  }
  return false;
}

int listen_in(int dir, Fd &out) {
  Fd created(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!created.valid()) return errno;
  // That of an earlier command: nobody listens there any more.
  if (unlinkat(dir, state_name::notify_socket, 0) != 0 && errno != ENOENT) return errno;
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir, state_name::notify_socket);
  // Whoever the container's program runs as may send. Its mode comes with it: by the time that a chmod followed the
  // name, somebody might have put a link there.
  mode_t mask = umask(0);
  int err = bind(created.get(), reinterpret_cast<struct sockaddr *>(&address), sizeof address) == 0 ? 0 : errno;
  umask(mask);
  if (err != 0) return err;
  out = static_cast<Fd &&>(created);
  return 0;
}

} // namespace

Str notify_socket_path() {
  const char *path = getenv("NOTIFY_SOCKET");
  return path != nullptr && path[0] == '/' && path[1] != 0 ? Str::of(path) : Str{};
}

int NotifyProxy::open(Invocation &invocation) {
  Str path = notify_socket_path();
  if (path.empty()) return 0;
  Context &context = invocation.context;
  struct stat info;
  if (fstatat(context.state.get(), state_name::notify, &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  // A caller whose socket is gone still gets its container.
  connect_unix(path, host_, SOCK_DGRAM);
  pid_ = context.record->pid;
  int err = listen_in(context.state.get(), socket_);
  if (err == 0) return 0;
  return invocation.fail(SystemCall{.what = what::make_notify_socket, .errno_ = ErrnoText(err)});
}

void NotifyProxy::send(Str message, int descriptor) {
  if (!host_.valid()) return;
  if (descriptor >= 0)
    send_descriptor(host_.get(), message, descriptor);
  else
    ::send(host_.get(), message.data, message.size, MSG_NOSIGNAL);
}

// The manager closes its end when it has seen everything before.
void NotifyProxy::send_barrier() {
  constexpr int time_limit = 30000; // milliseconds
  int ends[2];
  if (!host_.valid() || pipe2(ends, O_CLOEXEC) != 0) return;
  Fd ours(ends[0]), theirs(ends[1]);
  send(Str::of("BARRIER=1"), theirs.get());
  theirs.reset();
  struct pollfd closed {
    ours.get(), 0, 0
  };
  poll(&closed, 1, time_limit);
}

void NotifyProxy::forward(Str message) {
  TextOf<longest_message + 1> passed;
  bool ready = false;
  for (const char *cursor = message.data, *end = cursor + message.size; cursor < end;) {
    const void *newline = memchr(cursor, '\n', static_cast<size_t>(end - cursor));
    const char *stop = newline != nullptr ? static_cast<const char *>(newline) : end;
    Str line{cursor, static_cast<uint32_t>(stop - cursor)};
    cursor = stop + 1;
    if (!may_pass(line)) continue;
    ready = ready || line == Str::of("READY=1");
    if (passed.size() > 0) passed.add_char('\n');
    passed.add(line);
  }
  if (passed.size() == 0) return;
  send(passed.str());
  if (!ready || ready_) return;
  ready_ = true;
  TextOf<32> pid;
  send(pid.add("MAINPID=").add_signed(pid_).str());
  send_barrier();
}

void NotifyProxy::pump() {
  char message[longest_message];
  // A container that never stops talking must not keep us from everything else.
  constexpr int at_once = 32;
  for (int i = 0; i < at_once; i++) {
    // Descriptors that come along are closed by the kernel, since there is no room for them: a barrier ends there.
    ssize_t size = recv(socket_.get(), message, sizeof message, MSG_DONTWAIT);
    if (size < 0) return;
    forward({message, static_cast<uint32_t>(size)});
  }
}

int NotifyProxy::await_ready(Invocation &invocation) {
  if (!active()) return 0;
  Fd pidfd;
  Context &context = invocation.context;
  if (open_identified(context.record->pid, context.record->start_time, pidfd) != 0) return 0;
  // Other commands need not wait for the program.
  flock(context.state.get(), LOCK_UN);
  while (!ready_) {
    struct pollfd waiting[] = {
        {socket_.get(), POLLIN, 0}, {pidfd.get(), POLLIN, 0}, {invocation.signals.descriptor(), POLLIN, 0}};
    if (poll(waiting, 3, -1) < 0) continue;
    if (waiting[0].revents != 0)
      pump();
    else if (waiting[1].revents != 0)
      return 0;
    if (int stop = invocation.signals.pending_stop(); stop != 0 && !ready_) return signal_base + stop;
    if (waiting[2].revents != 0) invocation.signals.take();
  }
  return 0;
}

} // namespace veloci

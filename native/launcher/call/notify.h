// The proxy between the container's sd_notify(3) socket and the caller's NOTIFY_SOCKET.
#pragma once
#include "launcher/call/invocation.h"

namespace veloci {

// NOTIFY_SOCKET of the environment when it is an absolute path; else empty.
Str notify_socket_path();

class NotifyProxy {
public:
  // Makes the container's socket, when NOTIFY_SOCKET is set and the container was created with it; before its program
  // is started. 0 or the exit code, with the error shown.
  int open(Invocation &invocation);
  bool active() const { return socket_.valid(); }
  // For poll(2): readable when the container has sent something.
  int descriptor() const { return socket_.get(); }
  // Passes on what has come: of each message the lines that may pass, and after READY=1 the pid of the container's
  // first process, and a barrier (up to 30 seconds).
  void pump();
  // Until READY=1 has been passed on or the process is gone: what a service manager waits for. 0 or the exit code,
  // when a signal has ended the wait.
  int await_ready(Invocation &invocation);

private:
  void forward(Str message);
  void send(Str message, int descriptor = -1);
  void send_barrier();

  Fd socket_;
  Fd host_;
  int pid_ = 0;
  bool ready_ = false;
};

} // namespace veloci

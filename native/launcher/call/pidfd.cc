#include "launcher/call/pidfd.h"
#include "socket/unix_socket.h"

namespace veloci {

int send_pidfd(Invocation &invocation, const char *kind) {
  Str path = invocation.arguments.text(cli::Flag::pidfd_socket);
  if (path.empty()) return 0;
  Fd stream;
  int err = connect_unix(path, stream);
  if (err == 0) err = send_descriptor(stream.get(), Str::of(kind), invocation.context.init.pidfd.get());
  return err == 0 ? 0 : invocation.fail(diagnostic::PidfdSocket{.path = path, .errno_ = ErrnoText(err)});
}

} // namespace veloci

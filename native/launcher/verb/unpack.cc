// unpack: hands over to the program that lies beside this one. Decoders of images stay out of the command.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "launcher/call/invocation.h"

namespace veloci {

using namespace diagnostic;

int unpack_command(Invocation &invocation, char **words) {
  char path[4096];
  constexpr char suffix[] = "-unpack";
  ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof suffix);
  if (size <= 0) return invocation.fail(ProcMissing{.errno_ = ErrnoText(errno)});
  // Beside it under this name, whatever the command itself is called.
  while (size > 0 && path[size - 1] != '/') size--;
  strcpy(path + size, "veloci-unpack");
  if (invocation.arguments.has(cli::Flag::control_fd))
    fcntl(static_cast<int>(invocation.arguments.number(cli::Flag::control_fd)), F_SETFD, 0);
  execve(path, words, invocation.environment);
  return invocation.fail(UnpackMissing{.path = Str::of(path), .errno_ = ErrnoText(errno)});
}

} // namespace veloci

// veloci-unpack: images as layers and bundles. The command hands `veloci unpack` over to it.
#include <fcntl.h>
#include <new>
#include <sys/stat.h>

#include "image/program/call.h"

int main(int count, char **arguments) {
  using namespace veloci;
  // A file of ours must not become somebody's standard output.
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) return 1;
  }
  umask(022);
  alignas(UnpackCall) static char memory[sizeof(UnpackCall)];
  auto *call = new (memory) UnpackCall;
  call->signals.block();
  if (int code = call->arguments.parse(count, arguments, call->log); code != 0) return code;
  bool ours = call->arguments.command() != nullptr && call->arguments.command()->command == cli::Command::unpack;
  if (!ours)
    return call->fail(diagnostic::UnknownCommand{.name = Str::of("veloci-unpack"), .suggestion = Str::of("unpack")});
  return unpack(*call);
}

#include "launcher/call/nested.h"
#include "executor/process/exit_status.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace veloci {

namespace {

// Drops what is behind the last line break.
void drop_cut_line(Buffer &text) {
  const void *end = memrchr(text.data(), '\n', text.size());
  text.set_size(end == nullptr ? 0 : static_cast<size_t>(static_cast<const uint8_t *>(end) - text.data()) + 1);
}

// The beginning of what a memfd holds. 0 or an errno.
int read_output(int fd, size_t limit, Buffer &out, bool &cut) {
  struct stat status;
  if (fstat(fd, &status) != 0) return errno;
  size_t size = static_cast<size_t>(status.st_size);
  bool more = size > limit;
  if (more) size = limit;
  if (!out.reserve(size + 1)) return errno;
  ssize_t got = pread(fd, out.data(), size, 0);
  if (got < 0) return errno;
  out.set_size(static_cast<size_t>(got));
  if (!more) return 0;
  cut = true;
  drop_cut_line(out);
  return 0;
}

// Whoever has called sees nothing of it.
bool redirect(int out, int error) {
  int empty = open("/dev/null", O_RDWR | O_CLOEXEC);
  return empty >= 0 && dup2(empty, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
         dup2(error, STDERR_FILENO) >= 0;
}

} // namespace

int run_nested(const Invocation &invocation, const Buffer *document, const char *const *words, int count, Verb run) {
  constexpr int most = 32;
  TextOf<4096 + 16> root;
  char *arguments[most + 3];
  root.add("--root=").add(invocation.root_path);
  int used = 0;
  arguments[used++] = invocation.arguments.name();
  // A command that has named no container knows no root.
  if (!invocation.root_path.empty()) arguments[used++] = const_cast<char *>(root.c_str());
  for (int i = 0; i < count && i < most; i++) arguments[used++] = const_cast<char *>(words[i]);
  arguments[used] = nullptr;
  Invocation other;
  other.begun = invocation.begun;
  other.environment = invocation.environment;
  other.document = document;
  if (int code = other.arguments.parse(used, arguments, other.log); code != 0) return code;
  return run(other);
}

int run_apart(const Invocation &invocation, const char *const *words, int count, Verb run, size_t limit,
              Printed &printed) {
  Fd out(memfd_create("veloci-out", MFD_CLOEXEC)), error(memfd_create("veloci-error", MFD_CLOEXEC));
  if (!out.valid() || !error.valid()) return errno;
  pid_t pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) _exit(redirect(out.get(), error.get()) ? run_nested(invocation, nullptr, words, count, run) : 1);
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return errno;
  }
  printed.status = info.si_code == CLD_EXITED ? info.si_status : signal_base + info.si_status;
  if (int err = read_output(out.get(), limit, printed.out, printed.cut); err != 0) return err;
  return read_output(error.get(), limit, printed.error, printed.cut);
}

} // namespace veloci

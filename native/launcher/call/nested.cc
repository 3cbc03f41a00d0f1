#include "launcher/call/nested.h"
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

namespace veloci {

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
  OutputFiles files;
  if (!files.valid()) return errno;
  pid_t pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) _exit(files.redirect() ? run_nested(invocation, nullptr, words, count, run) : 1);
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return errno;
  }
  return files.take(info, limit, printed);
}

} // namespace veloci

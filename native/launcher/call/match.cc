#include "launcher/call/match.h"
#include "base/directory.h"
#include "launcher/container/root.h"
#include <regex.h>
#include <stdlib.h>
#include <sys/wait.h>

namespace veloci {

using namespace diagnostic;

namespace {

// In a child: the command leaves nothing behind in memory or descriptors for the next container.
int run_apart(Invocation &invocation, int (*command)(Invocation &), char *id) {
  pid_t child = fork();
  if (child < 0) return invocation.fail(SystemCall{.what = what::fork, .errno_ = ErrnoText(errno)});
  if (child == 0) {
    invocation.arguments.set_operand(0, id);
    _exit(command(invocation));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : invocation.failure_code;
}

} // namespace

int on_matches(Invocation &invocation, int (*command)(Invocation &)) {
  const Arguments &arguments = invocation.arguments;
  if (!arguments.on(cli::Flag::regex)) return command(invocation);
  Str pattern = arguments.operand(0);
  regex_t compiled;
  if (int err = regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB); err != 0) {
    char why[128];
    regerror(err, &compiled, why, sizeof why);
    return invocation.fail(RegexInvalid{.value = pattern, .why = Str::of(why)});
  }
  Fd root;
  RootPath memory;
  int err = open_root(root_path(arguments.text(cli::Flag::root), memory), false, root, invocation.log);
  if (err != 0) return err == ENOENT ? 0 : invocation.failure_code;
  int code = 0;
  auto visit = [&](const char *name) {
    if (id_fault(Str::of(name)) != nullptr || regexec(&compiled, name, 0, nullptr, 0) != 0) return;
    char id[256];
    Text(id, sizeof id).add(name);
    if (int failed = run_apart(invocation, command, id); failed != 0) code = failed;
  };
  for_each_entry(root.get(), visit);
  regfree(&compiled);
  return code;
}

} // namespace veloci

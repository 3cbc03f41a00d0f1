#include "launcher/line/invocation.h"
#include "launcher/container/root.h"
#include "launcher/verb/version.h"
#include <seccomp.h>

namespace veloci {

int version_command(Invocation &invocation) {
  TextOf<1024> text;
  Str program = invocation.arguments.program();
  bool is_runc = invocation.arguments.is_runc(), is_crun = program == Str::of("crun");
  // No other line may contain the word "version": readers take any that does. Under the name of another runtime the
  // first line is that one's, since clients look for it.
  text.add(is_runc ? "runc" : is_crun ? "crun" : "veloci").add(" version ").add(build_version);
  text.add("\ncommit: ").add(build_commit);
  if (is_crun) text.add("\nrundir: ").add(root_path(invocation.arguments.text(cli::Flag::root)));
  text.add("\nspec: ").add(spec_version).add("\n");
  const struct scmp_version *library = seccomp_version();
  text.add("libseccomp: ").add_number(library->major).add_char('.').add_number(library->minor).add_char('.');
  text.add_number(library->micro).add_char('\n');
  if (is_crun) text.add("+SYSTEMD +CAP +SECCOMP +EBPF +CRIU\n");
  if (is_runc || is_crun) text.add("program: veloci\n");
  return print(invocation, text.str());
}

} // namespace veloci

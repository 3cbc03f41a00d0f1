#include "launcher/invocation.h"
#include "launcher/version.h"
#include <seccomp.h>

namespace veloci {

int version_command(Invocation &invocation) {
  TextOf<512> text;
  // No other line may contain the word "version": readers take any that does.
  text.add("veloci version ").add(build_version).add("\ncommit: ").add(build_commit);
  text.add("\nspec: ").add(spec_version).add("\n");
  const struct scmp_version *library = seccomp_version();
  text.add("libseccomp: ").add_number(library->major).add_char('.').add_number(library->minor).add_char('.');
  text.add_number(library->micro).add_char('\n');
  return print(invocation, text.str());
}

} // namespace veloci

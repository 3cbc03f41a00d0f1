#include "json/json_writer.h"
#include "launcher/call/invocation.h"
#include "launcher/container/root.h"
#include "identity.h"
#include <seccomp.h>

namespace veloci {

namespace {

using Number = TextOf<32>;

// Version of libseccomp, as in `2.6.0`.
const char *library_version(Number &out) {
  const struct scmp_version *library = seccomp_version();
  out.add_number(library->major).add_char('.').add_number(library->minor).add_char('.').add_number(library->micro);
  return out.c_str();
}

int print_json(Invocation &invocation) {
  char buffer[512];
  JsonWriter json(buffer, sizeof buffer);
  Number library;
  json.open('{').key("version").string(Str::of(VELOCI_VERSION)).key("commit").string(Str::of(VELOCI_COMMIT));
  json.key("spec").string(Str::of(cli::spec_version));
  json.key("libseccomp").string(Str::of(library_version(library))).close('}');
  TextOf<1024> line;
  line.add(json.text()).add_char('\n');
  return print(invocation, line.str());
}

} // namespace

int version_command(Invocation &invocation) {
  if (invocation.arguments.on(cli::Flag::json)) return print_json(invocation);
  TextOf<1024> text;
  const Habits &habits = invocation.arguments.habits();
  // No other line may contain the word "version": readers take any that does. Under the name of another runtime the
  // first line is that one's, since clients look for it.
  text.add(habits.name).add(" version ").add(VELOCI_VERSION);
  text.add("\ncommit: ").add(VELOCI_COMMIT);
  RootPath root;
  if (habits.version_shows_root)
    text.add("\nrundir: ").add(root_path(invocation.arguments.text(cli::Flag::root), root));
  text.add("\nspec: ").add(cli::spec_version).add("\n");
  const struct scmp_version *library = seccomp_version();
  text.add("libseccomp: ").add_number(library->major).add_char('.').add_number(library->minor).add_char('.');
  text.add_number(library->micro).add_char('\n');
  if (habits.version_features != nullptr) text.add(habits.version_features).add_char('\n');
  if (habits.version_names_program) text.add("program: veloci\n");
  return print(invocation, text.str());
}

} // namespace veloci

// install: what to write into the configuration of an engine.
#include "generated/install.gen.h"
#include "launcher/call/invocation.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

namespace veloci {

namespace {

// Adds a text with the path in the place of its mark.
void add_with_path(Text &out, const char *text, Str path) {
  constexpr char mark[] = "@PATH@";
  for (const char *cursor = text;;) {
    const char *position = strstr(cursor, mark);
    if (position == nullptr) {
      out.add(cursor);
      return;
    }
    out.add(cursor, static_cast<size_t>(position - cursor)).add(path);
    cursor = position + sizeof mark - 1;
  }
}

} // namespace

// The file goes to standard output and what to do with it to standard error: `install --docker >daemon.json` is a file
// that the engine reads, though JSON knows no comments. Without a flag everything is to be read by people.
int install_command(Invocation &invocation) {
  char path[4096];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  Str own = size > 0 ? Str{path, static_cast<uint32_t>(size)} : Str::of("/usr/bin/veloci");
  bool all = true;
  for (const InstallRecipe &recipe : install_recipes) all = all && !invocation.arguments.on(recipe.flag);
  TextOf<65536> files, words;
  for (const InstallRecipe &recipe : install_recipes) {
    if (!all && !invocation.arguments.on(recipe.flag)) continue;
    add_with_path(all ? files : words, recipe.where, own);
    add_with_path(files, recipe.file, own);
    add_with_path(all ? files : words, recipe.then, own);
  }
  if (write(STDERR_FILENO, words.c_str(), words.size()) < 0)
    return invocation.fail(diagnostic::OutputFailed{.errno_ = ErrnoText(errno)});
  return print(invocation, files.str());
}

} // namespace veloci

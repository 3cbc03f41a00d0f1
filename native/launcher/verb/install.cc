// install: what to write into the configuration of an engine, or writing it there.
#include "launcher/verb/configure.h"
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

// What the caller is to do next.
int print_next(Invocation &invocation, const InstallRecipe &recipe, Str own) {
  TextOf<4096> words;
  add_with_path(words, recipe.then, own);
  if (write(STDERR_FILENO, words.c_str(), words.size()) < 0)
    return invocation.fail(diagnostic::OutputFailed{.errno_ = ErrnoText(errno)});
  return 0;
}

int fail_engine(Invocation &invocation) {
  return invocation.fail(diagnostic::ArgumentMissing{.command = Str::of("install --apply"),
                                                     .what = Str::of("an engine whose file can be edited"),
                                                     .usage = Str::of("veloci install --apply --podman, --docker, "
                                                                      "--containerd or --crio")});
}

// Edits the files of the engines that are named, one after another. Returns the exit code.
int edit_files(Invocation &invocation, Str own) {
  const Arguments &arguments = invocation.arguments;
  if (arguments.on(cli::Flag::apply) && arguments.on(cli::Flag::undo))
    return invocation.fail(diagnostic::FlagsExclude{.flag = Str::of("apply"), .other = Str::of("undo")});
  const InstallRecipe *last = nullptr;
  for (const InstallRecipe &recipe : install_recipes) {
    if (!arguments.on(recipe.flag)) continue;
    if (recipe.edited.path == nullptr) return fail_engine(invocation);
    if (last != nullptr && arguments.has(cli::Flag::file))
      return invocation.fail(
          diagnostic::FlagsExclude{.flag = Str::of(last->edited.flag), .other = Str::of(recipe.edited.flag)});
    last = &recipe;
  }
  if (last == nullptr) return fail_engine(invocation);
  int result = 0;
  for (const InstallRecipe &recipe : install_recipes) {
    if (!arguments.on(recipe.flag)) continue;
    bool changed = false;
    int code = configure(invocation, recipe.edited, own, changed);
    if (code == 0 && changed && arguments.on(cli::Flag::apply)) code = print_next(invocation, recipe, own);
    if (code != 0) result = code;
    // With --dry-run the others are shown, too.
    if (code == 1) return code;
  }
  return result;
}

} // namespace

// The file goes to standard output and what to do with it to standard error: `install --docker >daemon.json` is a file
// that the engine reads, though JSON knows no comments. Without a flag everything is to be read by people.
int install_command(Invocation &invocation) {
  char path[4096];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  Str own = size > 0 ? Str{path, static_cast<uint32_t>(size)} : Str::of("/usr/bin/veloci");
  const Arguments &arguments = invocation.arguments;
  if (arguments.on(cli::Flag::apply) || arguments.on(cli::Flag::undo) || arguments.on(cli::Flag::dry_run))
    return edit_files(invocation, own);
  const char *lacking = arguments.has(cli::Flag::file)         ? "file"
                        : arguments.has(cli::Flag::as_default) ? "as-default"
                                                               : nullptr;
  if (lacking != nullptr)
    return invocation.fail(diagnostic::FlagNeeds{.flag = Str::of(lacking), .other = Str::of("apply")});
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

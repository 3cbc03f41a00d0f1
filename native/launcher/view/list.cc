#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/call/invocation.h"

namespace veloci {

int list_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  ListForm form = ListForm::table;
  if (arguments.on(cli::Flag::quiet))
    form = ListForm::ids;
  else if (arguments.text(cli::Flag::format) == Str::of("json"))
    form = ListForm::rows;
  RootPath memory;
  Str path = root_path(arguments.text(cli::Flag::root), memory);
  if (arguments.habits().list_needs_root && arguments.has(cli::Flag::root)) {
    Fd root;
    int err = open_root(path, false, root, invocation.log);
    if (err == ENOENT) show(invocation.log, diagnostic::RootOpen{.path = path, .errno_ = ErrnoText(err)});
    if (err != 0) return invocation.failure_code;
  }
  Buffer text;
  int err = write_list(path, form, invocation.log, text);
  return err == 0 ? print(invocation, text.str()) : invocation.failure_code;
}

} // namespace veloci

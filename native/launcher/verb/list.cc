#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/line/invocation.h"

namespace veloci {

int list_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  ListForm form = ListForm::table;
  if (arguments.on(cli::Flag::quiet))
    form = ListForm::ids;
  else if (arguments.text(cli::Flag::format) == Str::of("json"))
    form = ListForm::rows;
  Buffer text;
  int err = write_list(root_path(arguments.text(cli::Flag::root)), form, invocation.log, text);
  return err == 0 ? print(invocation, text.str()) : invocation.failure_code;
}

} // namespace veloci

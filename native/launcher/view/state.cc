#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/call/invocation.h"

namespace veloci {

int state_command(Invocation &invocation) {
  const Arguments &arguments = invocation.arguments;
  Buffer text;
  RootPath memory;
  Str root = root_path(arguments.text(cli::Flag::root), memory);
  int err = write_state(root, arguments.operand(0), invocation.log, text);
  return err == 0 ? print(invocation, text.str()) : invocation.failure_code;
}

} // namespace veloci

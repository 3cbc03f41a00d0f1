// install --apply and --undo: the configuration of an engine is edited.
#pragma once
#include "launcher/call/invocation.h"
#include "generated/install.gen.h"

namespace veloci {

// Edits the configuration of one engine, or shows how. Returns the exit code; `changed`: the file is another one now.
int configure(Invocation &invocation, const EngineFile &engine, Str own, bool &changed);

} // namespace veloci

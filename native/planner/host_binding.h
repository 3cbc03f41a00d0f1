// The interface Host of src/engine/protocol.ts for QuickJS.
#pragma once
#include <quickjs.h>

namespace veloci {

// A new Host object, or an exception.
JSValue host_object(JSContext *js);

} // namespace veloci

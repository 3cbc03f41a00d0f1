// Host.seccomp for QuickJS.
#pragma once
#include <quickjs.h>

namespace veloci {

// Compiles a SeccompRules object (src/engine/protocol.ts) to a Uint8Array of BPF instructions.
JSValue seccomp_compile(JSContext *js, JSValueConst self, int count, JSValueConst *args);

} // namespace veloci

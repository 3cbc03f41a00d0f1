// The class WireWriter of src/engine/protocol.ts for QuickJS.
#pragma once
#include <quickjs.h>

namespace veloci {

// Registers the class in a context. Returns false when memory is out.
bool wire_writer_define(JSContext *js);

// A new, empty writer: the function `writer` of Host.
JSValue wire_writer_create(JSContext *js, JSValueConst self, int count, JSValueConst *args);

} // namespace veloci

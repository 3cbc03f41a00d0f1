// The class WireWriter of src/engine/protocol.ts for QuickJS.
#pragma once
#include <quickjs.h>

namespace veloci {

// Registers the class in a context. Returns false when memory is out.
bool wire_writer_define(JSContext *js);

// The id of the class, and setting it in a process that has the context but has not run wire_writer_define.
JSClassID wire_writer_class();
void wire_writer_set_class(JSClassID id);

// A new, empty writer: the function `writer` of Host.
JSValue wire_writer_create(JSContext *js, JSValueConst self, int count, JSValueConst *args);

} // namespace veloci

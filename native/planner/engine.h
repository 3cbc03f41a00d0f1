// The engine in QuickJS: one context that answers one request.
#pragma once
#include <quickjs.h>

#include "base/types.h"
#include "planner/arena.h"

namespace veloci {

enum class EngineStatus : uint32_t { answered = 0, threw = 1, out_of_memory = 2 };

class Engine {
public:
  // Makes the runtime and the context, and evaluates the engine's bytecode. False: no memory, or bad bytecode.
  bool open(Bytes bytecode);

  // Calls the engine. `bytes` is its encoded Response, or the text of the exception.
  EngineStatus run(Str request, Bytes config, Bytes process, Bytes &bytes);

  const Arena &arena() const { return arena_; }

private:
  bool load(Bytes bytecode);
  JSValue call(Str request, Bytes config, Bytes process);
  EngineStatus failure(Bytes &bytes);

  Arena arena_;
  JSContext *js_ = nullptr;
};

} // namespace veloci

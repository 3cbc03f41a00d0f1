// The engine in QuickJS: one context that answers one request.
#pragma once
#include <quickjs.h>

#include "base/types.h"
#include "generated/protocol_values.gen.h"
#include "planner/arena.h"

namespace veloci {

// misread: the request is no JSON.
enum class EngineStatus : uint32_t { answered = 0, threw = 1, out_of_memory = 2, misread = 3 };

// The engine lies at the beginning of its own memory, so that one copy of that memory is all of it.
class Engine {
public:
  // An engine that is ready for its request: main from the snapshot of the build, the other, or where there is none,
  // made from bytecode. nullptr: no memory, or bad bytecode.
  static Engine *open(EngineName name);
  // The same without the snapshot.
  static Engine *make(EngineName name);

  // Calls the engine. `bytes` is its encoded Response, or the text of the exception.
  EngineStatus run(Str request, Bytes config, Bytes process, Bytes live, Bytes &bytes);

  // Its memory, as far as it is used.
  Bytes memory() const;

private:
  static Engine *restore();
  bool start(Bytes bytecode);
  bool load(Bytes bytecode);
  JSValue call(JSValue request, Bytes config, Bytes process, Bytes live);
  EngineStatus failure(Bytes &bytes);

  Arena arena_;
  JSContext *js_ = nullptr;
  JSValue host_ = JS_UNDEFINED;
  JSClassID writer_class_ = 0;
};

} // namespace veloci

#include "planner/engine.h"

#include <new>
#include <sys/mman.h>

#include "embedded/embedded.h"
#include "planner/bytes.h"
#include "planner/host_binding.h"
#include "planner/snapshot.h"
#include "planner/wire_writer.h"

namespace veloci {
namespace {

// A configuration of 16 MiB, as text and as objects, fits.
constexpr size_t memory_limit = size_t{192} << 20;
// What a request of usual size touches beyond the prepared engine.
constexpr size_t memory_ready = 256 << 10;
constexpr size_t stack_limit = 512 << 10;

Arena *arena_of(JSMallocState *state) { return static_cast<Arena *>(state->opaque); }

const JSMallocFunctions allocator = {
    .js_malloc = [](JSMallocState *state, size_t size) { return arena_of(state)->allocate(size); },
    .js_free = [](JSMallocState *state, void *memory) { arena_of(state)->release(memory); },
    .js_realloc = [](JSMallocState *state, void *memory, size_t size) { return arena_of(state)->resize(memory, size); },
    .js_malloc_usable_size = Arena::usable_size,
};

// What the engine's language needs; no eval, modules, promises, proxies, dates or weak references.
void add_intrinsics(JSContext *js) {
  JS_AddIntrinsicBaseObjects(js);
  JS_AddIntrinsicRegExp(js);
  JS_AddIntrinsicJSON(js);
  JS_AddIntrinsicMapSet(js);
  JS_AddIntrinsicTypedArrays(js);
}

// No text of a configuration can add to what every object inherits.
bool seal_prototype(JSContext *js) {
  JSValue object = JS_NewObject(js);
  JSValue prototype = JS_GetPrototype(js, object);
  bool ok = JS_PreventExtensions(js, prototype) >= 0;
  JS_FreeValue(js, prototype);
  JS_FreeValue(js, object);
  return ok;
}

bool set_blob(JSContext *js, JSValueConst blobs, const char *name, Bytes bytes) {
  if (bytes.data == nullptr) return true;
  return JS_SetPropertyStr(js, blobs, name, uint8_array_over(js, bytes)) >= 0;
}

Bytes bytecode_of(EngineName name) {
  switch (name) {
  case EngineName::main: return {veloci_main_engine, veloci_main_engine_size};
  case EngineName::tools: return {veloci_tools_engine, veloci_tools_engine_size};
  case EngineName::images: return {veloci_images_engine, veloci_images_engine_size};
  }
  return {};
}

} // namespace

Engine *Engine::make(EngineName name) {
  size_t capacity = memory_limit;
  void *memory = map_engine_memory(capacity, 3 * memory_ready);
  if (memory == nullptr) return nullptr;
  Engine *engine = new (memory) Engine;
  constexpr size_t offset = (sizeof(Engine) + 15) / 16 * 16;
  engine->arena_.adopt(static_cast<char *>(memory) + offset, capacity - offset);
  engine->arena_.set_clean(true);
  bool ok = engine->start(bytecode_of(name));
  engine->arena_.set_clean(false);
  return ok ? engine : nullptr;
}

Engine *Engine::restore() {
  const SnapshotHeader &header = veloci_snapshot;
  if (header.state != SnapshotState::ready) return nullptr;
  size_t capacity = memory_limit;
  void *memory = map_engine_memory(capacity, header.image_size + memory_ready);
  // Somebody else is at the address: an engine at any other is made anew.
  if (memory != snapshot_address) {
    if (memory != nullptr) munmap(memory, capacity);
    return nullptr;
  }
  snapshot_restore(header, memory);
  Engine *engine = static_cast<Engine *>(memory);
  engine->arena_.set_end(static_cast<char *>(memory) + capacity);
  JS_UpdateStackTop(JS_GetRuntime(engine->js_));
  wire_writer_set_class(engine->writer_class_);
  return engine;
}

Engine *Engine::open(EngineName name) {
  Engine *engine = name == EngineName::main ? restore() : nullptr;
  return engine != nullptr ? engine : make(name);
}

Bytes Engine::memory() const {
  const char *start = reinterpret_cast<const char *>(this);
  return {reinterpret_cast<const uint8_t *>(start), static_cast<size_t>(arena_.top() - start)};
}

bool Engine::start(Bytes bytecode) {
  JSRuntime *runtime = JS_NewRuntime2(&allocator, &arena_);
  if (runtime == nullptr) return false;
  JS_SetMaxStackSize(runtime, stack_limit);
  // One request makes less garbage than collecting it would cost.
  JS_SetGCThreshold(runtime, static_cast<size_t>(-1));
  js_ = JS_NewContextRaw(runtime);
  if (js_ == nullptr) return false;
  add_intrinsics(js_);
  host_ = host_object(js_);
  writer_class_ = wire_writer_class();
  return !JS_IsException(host_) && load(bytecode) && seal_prototype(js_) && !arena_.exhausted();
}

bool Engine::load(Bytes bytecode) {
  JSValue script = JS_ReadObject(js_, bytecode.data, bytecode.size, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(script)) return false;
  JSValue result = JS_EvalFunction(js_, script);
  bool ok = !JS_IsException(result);
  JS_FreeValue(js_, result);
  return ok;
}

JSValue Engine::call(JSValue request, Bytes config, Bytes process, Bytes live) {
  JSValue global = JS_GetGlobalObject(js_);
  JSValue bundle = JS_GetPropertyStr(js_, global, "veloci");
  JSValue function = JS_GetPropertyStr(js_, bundle, "engine");
  JSValue blobs = JS_NewObject(js_);
  JSValue args[] = {request, blobs, host_};
  if (JS_IsException(blobs)) return JS_EXCEPTION;
  if (!set_blob(js_, blobs, "config", config) || !set_blob(js_, blobs, "process", process) ||
      !set_blob(js_, blobs, "live", live))
    return JS_EXCEPTION;
  return JS_Call(js_, function, JS_UNDEFINED, 3, args);
}

EngineStatus Engine::run(Str request, Bytes config, Bytes process, Bytes live, Bytes &bytes) {
  JSValue message = JS_ParseJSON(js_, request.data, request.size, "request");
  bool misread = JS_IsException(message);
  JSValue answer = misread ? JS_EXCEPTION : call(message, config, process, live);
  if (arena_.exhausted()) {
    bytes = {};
    return EngineStatus::out_of_memory;
  }
  // Nothing is freed: the process ends with the answer.
  if (!JS_IsException(answer) && bytes_of(js_, answer, bytes)) return EngineStatus::answered;
  EngineStatus status = failure(bytes);
  return misread && status == EngineStatus::threw ? EngineStatus::misread : status;
}

EngineStatus Engine::failure(Bytes &bytes) {
  size_t size = 0;
  const char *text = JS_ToCStringLen(js_, &size, JS_GetException(js_));
  if (text == nullptr) return EngineStatus::out_of_memory;
  bytes = {reinterpret_cast<const uint8_t *>(text), size};
  return EngineStatus::threw;
}

} // namespace veloci

#include "planner/wire_writer.h"

#include "planner/bytes.h"

namespace veloci {
namespace {

constexpr size_t first_capacity = 16 * 1024;
JSClassID writer_class;

struct Writer {
  uint8_t *data = nullptr;
  size_t size = 0;
  size_t capacity = 0;

  // Makes room and returns the place, or nullptr with an exception.
  uint8_t *grow(JSContext *js, size_t count) {
    if (count > SIZE_MAX / 4) {
      JS_ThrowOutOfMemory(js);
      return nullptr;
    }
    if (size + count > capacity) {
      size_t wanted = capacity == 0 ? first_capacity : 2 * capacity;
      if (wanted < size + count) wanted = size + count;
      uint8_t *larger = static_cast<uint8_t *>(js_realloc(js, data, wanted));
      if (larger == nullptr) return nullptr;
      data = larger;
      capacity = wanted;
    }
    uint8_t *place = data + size;
    size += count;
    return place;
  }

  bool put(JSContext *js, const void *value, size_t count) {
    uint8_t *place = grow(js, count);
    if (place == nullptr) return false;
    if (count != 0) memcpy(place, value, count);
    return true;
  }
};

Writer *writer_of(JSContext *js, JSValueConst self) {
  return static_cast<Writer *>(JS_GetOpaque2(js, self, writer_class));
}

JSValue done(bool ok) { return ok ? JS_UNDEFINED : JS_EXCEPTION; }

// u8, u16, u32 and i32: the lower bytes of an integer.
JSValue put_integer(JSContext *js, JSValueConst self, int, JSValueConst *args, int width) {
  Writer *writer = writer_of(js, self);
  int32_t value;
  if (writer == nullptr || JS_ToInt32(js, &value, args[0]) != 0) return JS_EXCEPTION;
  return done(writer->put(js, &value, static_cast<size_t>(width)));
}

JSValue put_u64(JSContext *js, JSValueConst self, int, JSValueConst *args) {
  Writer *writer = writer_of(js, self);
  int64_t value;
  if (writer == nullptr || JS_ToInt64Ext(js, &value, args[0]) != 0) return JS_EXCEPTION;
  return done(writer->put(js, &value, sizeof value));
}

bool put_length(JSContext *js, Writer *writer, size_t length) {
  uint32_t value = static_cast<uint32_t>(length);
  return writer->put(js, &value, sizeof value);
}

JSValue put_str(JSContext *js, JSValueConst self, int, JSValueConst *args) {
  Writer *writer = writer_of(js, self);
  if (writer == nullptr) return JS_EXCEPTION;
  Utf8 text(js, args[0]);
  if (!text.ok()) return JS_EXCEPTION;
  Bytes bytes = text.bytes();
  if (memchr(bytes.data, 0, bytes.size) != nullptr) {
    return JS_ThrowRangeError(js, "a text of the plan has a NUL character");
  }
  return done(put_length(js, writer, bytes.size) && writer->put(js, bytes.data, bytes.size + 1));
}

JSValue put_raw(JSContext *js, JSValueConst self, int, JSValueConst *args, int with_length) {
  Writer *writer = writer_of(js, self);
  Bytes bytes;
  if (writer == nullptr || !bytes_of(js, args[0], bytes)) return JS_EXCEPTION;
  if (with_length && !put_length(js, writer, bytes.size)) return JS_EXCEPTION;
  return done(writer->put(js, bytes.data, bytes.size));
}

JSValue length(JSContext *js, JSValueConst self, int, JSValueConst *) {
  Writer *writer = writer_of(js, self);
  return writer == nullptr ? JS_EXCEPTION : JS_NewInt64(js, static_cast<int64_t>(writer->size));
}

JSValue patch_u32(JSContext *js, JSValueConst self, int, JSValueConst *args) {
  Writer *writer = writer_of(js, self);
  int64_t offset;
  int32_t value;
  if (writer == nullptr || JS_ToInt64(js, &offset, args[0]) != 0 || JS_ToInt32(js, &value, args[1]) != 0) {
    return JS_EXCEPTION;
  }
  if (offset < 0 || writer->size < 4 || static_cast<size_t>(offset) > writer->size - 4) {
    return JS_ThrowRangeError(js, "a patch lies outside of the written bytes");
  }
  memcpy(writer->data + offset, &value, sizeof value);
  return JS_UNDEFINED;
}

JSValue finish(JSContext *js, JSValueConst self, int, JSValueConst *) {
  Writer *writer = writer_of(js, self);
  if (writer == nullptr) return JS_EXCEPTION;
  Writer full = *writer;
  *writer = {};
  return uint8_array_owning(js, full.data, full.size);
}

void finalize(JSRuntime *runtime, JSValue value) {
  Writer *writer = static_cast<Writer *>(JS_GetOpaque(value, writer_class));
  if (writer == nullptr) return;
  js_free_rt(runtime, writer->data);
  js_free_rt(runtime, writer);
}

const JSClassDef definition = {
    .class_name = "WireWriter", .finalizer = finalize, .gc_mark = nullptr, .call = nullptr, .exotic = nullptr};

} // namespace

bool wire_writer_define(JSContext *js) {
  JSRuntime *runtime = JS_GetRuntime(js);
  JS_NewClassID(&writer_class);
  if (JS_NewClass(runtime, writer_class, &definition) != 0) return false;
  JSValue prototype = JS_NewObject(js);
  if (JS_IsException(prototype)) return false;
  auto method = [&](const char *name, JSCFunction *function, int count) {
    JS_SetPropertyStr(js, prototype, name, JS_NewCFunction(js, function, name, count));
  };
  auto magic = [&](const char *name, JSCFunctionMagic *function, int value) {
    JSValue created = JS_NewCFunctionMagic(js, function, name, 1, JS_CFUNC_generic_magic, value);
    JS_SetPropertyStr(js, prototype, name, created);
  };
  magic("u8", put_integer, 1);
  magic("u16", put_integer, 2);
  magic("u32", put_integer, 4);
  magic("i32", put_integer, 4);
  method("u64", put_u64, 1);
  method("str", put_str, 1);
  magic("bytes", put_raw, 1);
  magic("raw", put_raw, 0);
  method("length", length, 0);
  method("patchU32", patch_u32, 2);
  method("finish", finish, 0);
  JS_SetClassProto(js, writer_class, prototype);
  return true;
}

JSClassID wire_writer_class() { return writer_class; }
void wire_writer_set_class(JSClassID id) { writer_class = id; }

JSValue wire_writer_create(JSContext *js, JSValueConst, int, JSValueConst *) {
  JSValue object = JS_NewObjectClass(js, static_cast<int>(writer_class));
  if (JS_IsException(object)) return object;
  void *memory = js_mallocz(js, sizeof(Writer));
  if (memory == nullptr) {
    JS_FreeValue(js, object);
    return JS_EXCEPTION;
  }
  JS_SetOpaque(object, memory);
  return object;
}

} // namespace veloci

#include "planner/bytes.h"

namespace veloci {
namespace {

JSValue array_of(JSContext *js, JSValue buffer) {
  if (JS_IsException(buffer)) return buffer;
  JSValue args[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(js, 1, args, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(js, buffer);
  return array;
}

void free_owned(JSRuntime *runtime, void *, void *data) { js_free_rt(runtime, data); }
void keep(JSRuntime *, void *, void *) {}

// Finds the next surrogate, which JS_ToCString writes as three bytes ED A0 80 to ED BF BF.
const char *next_surrogate(const char *cursor, const char *end) {
  while (end - cursor >= 3) {
    cursor = static_cast<const char *>(memchr(cursor, 0xed, static_cast<size_t>(end - cursor) - 2));
    if (cursor == nullptr) return nullptr;
    if (static_cast<uint8_t>(cursor[1]) >= 0xa0) return cursor;
    cursor++;
  }
  return nullptr;
}

} // namespace

JSValue uint8_array_over(JSContext *js, Bytes memory) {
  uint8_t *data = const_cast<uint8_t *>(memory.data);
  return array_of(js, JS_NewArrayBuffer(js, data, memory.size, keep, nullptr, false));
}

JSValue uint8_array_owning(JSContext *js, uint8_t *data, size_t size) {
  JSValue buffer = JS_NewArrayBuffer(js, data, size, free_owned, nullptr, false);
  if (JS_IsException(buffer)) js_free(js, data);
  return array_of(js, buffer);
}

JSValue uint8_array_copy(JSContext *js, Bytes data) {
  return array_of(js, JS_NewArrayBufferCopy(js, data.data, data.size));
}

bool bytes_of(JSContext *js, JSValueConst value, Bytes &bytes) {
  size_t offset, length, element, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(js, value, &offset, &length, &element);
  if (JS_IsException(buffer)) return false;
  const uint8_t *data = JS_GetArrayBuffer(js, &whole, buffer);
  // The array keeps the buffer alive.
  JS_FreeValue(js, buffer);
  if (element != 1 || (data == nullptr && length != 0)) {
    JS_ThrowTypeError(js, "not a Uint8Array");
    return false;
  }
  bytes = {data + offset, length};
  return true;
}

Utf8::Utf8(JSContext *js, JSValueConst value) : js_(js), text_(JS_ToCStringLen(js, &size_, value)), data_(text_) {
  if (text_ == nullptr) return;
  const char *surrogate = next_surrogate(text_, text_ + size_);
  if (surrogate == nullptr) return;
  char *copy = static_cast<char *>(js_malloc(js, size_ + 1));
  data_ = copy;
  if (copy == nullptr) return;
  memcpy(copy, text_, size_ + 1);
  char *end = copy + size_;
  for (char *cursor = copy + (surrogate - text_); cursor != nullptr;
       cursor = const_cast<char *>(next_surrogate(cursor + 3, end))) {
    memcpy(cursor, "\xef\xbf\xbd", 3);
  }
}

Utf8::~Utf8() {
  if (data_ != text_) js_free(js_, const_cast<char *>(data_));
  if (text_ != nullptr) JS_FreeCString(js_, text_);
}

} // namespace veloci

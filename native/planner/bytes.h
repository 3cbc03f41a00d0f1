// Byte arrays between QuickJS and native code.
#pragma once
#include <quickjs.h>

#include "base/types.h"

namespace veloci {

// A Uint8Array over memory that outlives it.
JSValue uint8_array_over(JSContext *js, Bytes memory);

// A Uint8Array that owns `data`, which js_malloc allocated.
JSValue uint8_array_owning(JSContext *js, uint8_t *data, size_t size);

// A Uint8Array with a copy.
JSValue uint8_array_copy(JSContext *js, Bytes data);

// The bytes of a Uint8Array; false and a pending exception when `value` is none.
bool bytes_of(JSContext *js, JSValueConst value, Bytes &bytes);

// UTF-8 of a JavaScript string, in which lone surrogates are U+FFFD as TextEncoder makes them.
class Utf8 {
public:
  Utf8(JSContext *js, JSValueConst value);
  ~Utf8();
  Utf8(const Utf8 &) = delete;
  Utf8 &operator=(const Utf8 &) = delete;

  // False: an exception is pending.
  bool ok() const { return data_ != nullptr; }
  Bytes bytes() const { return {reinterpret_cast<const uint8_t *>(data_), size_}; }
  const char *c_str() const { return data_; }

private:
  JSContext *js_;
  size_t size_ = 0; // before text_: its initializer sets it
  const char *text_;
  const char *data_;
};

} // namespace veloci

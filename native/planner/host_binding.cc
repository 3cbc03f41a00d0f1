#include "planner/host_binding.h"

#include "json/scan.h"
#include "host/seccomp.h"
#include "host/sha256.h"
#include "planner/bytes.h"
#include "planner/seccomp_binding.h"
#include "planner/wire_writer.h"

namespace veloci {
namespace {

JSValue scan(JSContext *js, JSValueConst, int, JSValueConst *args) {
  Bytes bytes;
  if (!bytes_of(js, args[0], bytes)) return JS_EXCEPTION;
  JsonScan scan = json_scan(bytes);
  JSValue result = JS_NewObject(js);
  if (JS_IsException(result)) return result;
  const char *name = scan.utf8 ? "text" : "badByte";
  JSValue value = scan.utf8 ? JS_NewStringLen(js, reinterpret_cast<const char *>(bytes.data), bytes.size)
                            : JS_NewInt64(js, static_cast<int64_t>(scan.bad_byte));
  bool ok = !JS_IsException(value) && JS_SetPropertyStr(js, result, name, value) >= 0 &&
            JS_SetPropertyStr(js, result, "plain", JS_NewBool(js, scan.plain)) >= 0 &&
            JS_SetPropertyStr(js, result, "members", JS_NewInt64(js, scan.members)) >= 0;
  if (ok) return result;
  JS_FreeValue(js, result);
  return JS_EXCEPTION;
}

JSValue sha256(JSContext *js, JSValueConst, int, JSValueConst *args) {
  Utf8 text(js, args[0]);
  if (!text.ok()) return JS_EXCEPTION;
  char hex[Sha256::hex_size + 1];
  sha256_hex(text.bytes(), hex);
  return JS_NewStringLen(js, hex, Sha256::hex_size);
}

JSValue number_of_syscall(JSContext *js, JSValueConst, int, JSValueConst *args) {
  Utf8 name(js, args[0]);
  return name.ok() ? JS_NewInt32(js, syscall_number(name.c_str())) : JS_EXCEPTION;
}

} // namespace

JSValue host_object(JSContext *js) {
  if (!wire_writer_define(js)) return JS_EXCEPTION;
  constexpr struct {
    const char *name;
    JSCFunction *function;
    int count;
  } functions[] = {
      {"scan", scan, 1},
      {"sha256", sha256, 1},
      {"writer", wire_writer_create, 0},
      {"seccomp", seccomp_compile, 1},
      {"syscallNumber", number_of_syscall, 1},
  };
  JSValue host = JS_NewObject(js);
  if (JS_IsException(host)) return host;
  for (const auto &entry : functions) {
    JSValue function = JS_NewCFunction(js, entry.function, entry.name, entry.count);
    if (JS_SetPropertyStr(js, host, entry.name, function) >= 0) continue;
    JS_FreeValue(js, host);
    return JS_EXCEPTION;
  }
  return host;
}

} // namespace veloci

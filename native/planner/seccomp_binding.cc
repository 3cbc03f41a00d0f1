#include "planner/seccomp_binding.h"

#include "host/seccomp.h"
#include "planner/bytes.h"
#include "generated/errno.gen.h"

namespace veloci {
namespace {

constexpr int64_t max_args = 6;

// A property that is freed at the end of its scope.
class Property {
public:
  Property(JSContext *js, JSValueConst object, const char *name)
      : js_(js), value_(JS_GetPropertyStr(js, object, name)) {}
  Property(JSContext *js, JSValueConst list, int64_t index)
      : js_(js), value_(JS_GetPropertyUint32(js, list, static_cast<uint32_t>(index))) {}
  ~Property() { JS_FreeValue(js_, value_); }
  Property(const Property &) = delete;
  Property &operator=(const Property &) = delete;

  JSValueConst get() const { return value_; }
  bool u32(uint32_t &result) const { return JS_ToUint32(js_, &result, value_) == 0; }
  bool u64(uint64_t &result) const { return JS_ToInt64Ext(js_, reinterpret_cast<int64_t *>(&result), value_) == 0; }
  bool is_true(JSContext *js) const { return JS_ToBool(js, value_) == 1; }
  bool length(int64_t &result) const {
    Property count(js_, value_, "length");
    return JS_ToInt64(js_, &result, count.value_) == 0;
  }

private:
  JSContext *js_;
  JSValue value_;
};

bool read_arg(JSContext *js, JSValueConst object, SeccompArg &arg) {
  return Property(js, object, "index").u32(arg.index) && Property(js, object, "op").u32(arg.op) &&
         Property(js, object, "value").u64(arg.value) && Property(js, object, "valueTwo").u64(arg.value_two);
}

// False: an exception is pending.
bool add_rule(JSContext *js, JSValueConst rule, SeccompFilter &filter) {
  uint32_t action;
  int64_t count;
  Property name_value(js, rule, "name"), list(js, rule, "args");
  Utf8 name(js, name_value.get());
  if (!name.ok() || !Property(js, rule, "action").u32(action) || !list.length(count)) return false;
  if (count > max_args) {
    JS_ThrowRangeError(js, "a seccomp rule has more than 6 arguments");
    return false;
  }
  SeccompArg args[max_args];
  for (int64_t i = 0; i < count; i++) {
    if (!read_arg(js, Property(js, list.get(), i).get(), args[i])) return false;
  }
  filter.add_rule(name.c_str(), action, args, static_cast<uint32_t>(count));
  return true;
}

bool fill(JSContext *js, JSValueConst profile, SeccompFilter &filter) {
  Property architectures(js, profile, "architectures"), rules(js, profile, "rules");
  int64_t count;
  if (!architectures.length(count)) return false;
  for (int64_t i = 0; i < count; i++) {
    Property entry(js, architectures.get(), i);
    Utf8 name(js, entry.get());
    if (!name.ok()) return false;
    filter.add_architecture(name.c_str());
  }
  if (!rules.length(count)) return false;
  for (int64_t i = 0; i < count; i++) {
    if (!add_rule(js, Property(js, rules.get(), i).get(), filter)) return false;
  }
  return true;
}

} // namespace

JSValue seccomp_compile(JSContext *js, JSValueConst, int, JSValueConst *args) {
  SeccompOptions options;
  if (!Property(js, args[0], "defaultAction").u32(options.default_action)) return JS_EXCEPTION;
  options.newer_missing = Property(js, args[0], "newerMissing").is_true(js);
  options.strict_names = Property(js, args[0], "strictNames").is_true(js);
  SeccompFilter filter(options);
  if (!fill(js, args[0], filter)) return JS_EXCEPTION;
  Bytes program = filter.compile();
  const SeccompError &error = filter.error();
  if (error.err != 0) return JS_ThrowInternalError(js, "seccomp: %s: %s", error.what, ErrnoText(error.err).c_str());
  return uint8_array_copy(js, program);
}

} // namespace veloci

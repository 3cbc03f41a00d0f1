#include "addon/seccomp_rules.h"

namespace veloci {
namespace {

constexpr uint32_t max_args = 6;

bool read_u32(Napi::Value value, uint32_t &result) {
  if (!value.IsNumber()) return false;
  result = value.As<Napi::Number>().Uint32Value();
  return true;
}

bool read_u64(Napi::Value value, uint64_t &result) {
  if (value.IsBigInt()) {
    bool lossless;
    result = value.As<Napi::BigInt>().Uint64Value(&lossless);
    return lossless;
  }
  if (!value.IsNumber()) return false;
  result = static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
  return true;
}

bool read_arg(Napi::Object object, SeccompArg &arg) {
  return read_u32(object.Get("index"), arg.index) && read_u32(object.Get("op"), arg.op) &&
         read_u64(object.Get("value"), arg.value) && read_u64(object.Get("valueTwo"), arg.value_two);
}

bool add_rule(Napi::Object rule, SeccompFilter &filter) {
  Napi::Value name = rule.Get("name"), list = rule.Get("args");
  uint32_t action;
  if (!name.IsString() || !list.IsArray() || !read_u32(rule.Get("action"), action)) return false;
  Napi::Array entries = list.As<Napi::Array>();
  if (entries.Length() > max_args) return false;
  SeccompArg args[max_args];
  for (uint32_t i = 0; i < entries.Length(); i++) {
    Napi::Value entry = entries[i];
    if (!entry.IsObject() || !read_arg(entry.As<Napi::Object>(), args[i])) return false;
  }
  filter.add_rule(name.As<Napi::String>().Utf8Value().c_str(), action, args, entries.Length());
  return true;
}

} // namespace

bool add_seccomp_rules(Napi::Object rules, SeccompFilter &filter) {
  Napi::Value names = rules.Get("architectures"), list = rules.Get("rules");
  if (!names.IsArray() || !list.IsArray()) return false;
  Napi::Array architectures = names.As<Napi::Array>(), entries = list.As<Napi::Array>();
  for (uint32_t i = 0; i < architectures.Length(); i++) {
    Napi::Value name = architectures[i];
    if (!name.IsString()) return false;
    filter.add_architecture(name.As<Napi::String>().Utf8Value().c_str());
  }
  for (uint32_t i = 0; i < entries.Length(); i++) {
    Napi::HandleScope scope(rules.Env());
    Napi::Value rule = entries[i];
    if (!rule.IsObject() || !add_rule(rule.As<Napi::Object>(), filter)) return false;
  }
  return true;
}

} // namespace veloci

#include "addon/raise.h"
#include "generated/errno.gen.h"
#include <string>

namespace veloci {

Napi::Value refuse(Napi::Env env, const char *what, int err) {
  Napi::Error error = Napi::Error::New(env, std::string(what) + ": " + ErrnoText(err).c_str());
  error.Set("errno", Napi::Number::New(env, -err));
  error.ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value expect(Napi::Env env, const char *what) {
  Napi::TypeError::New(env, std::string("expected ") + what).ThrowAsJavaScriptException();
  return env.Undefined();
}

} // namespace veloci

// Errors of the addon's functions: thrown in JavaScript when the function has returned.
#pragma once
#include <napi.h>

namespace veloci {

// An Error with the name of the errno in its message, and its negative number in `errno`, as those of node:fs have it.
Napi::Value refuse(Napi::Env env, const char *what, int err);
// A TypeError: "expected WHAT".
Napi::Value expect(Napi::Env env, const char *what);

} // namespace veloci

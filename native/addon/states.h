// The state of containers for the library, by the very code of the commands `state` and `list`.
#pragma once
#include <napi.h>

namespace veloci {

// stateRoot(): path of the default state root; empty when there is none.
Napi::Value default_root(const Napi::CallbackInfo &info);

// state(root: string, id: string): what `state` prints, or undefined when there is no such container.
Napi::Value state(const Napi::CallbackInfo &info);

// list(root: string): what `list --format json` prints.
Napi::Value list(const Napi::CallbackInfo &info);

} // namespace veloci

#include "addon/states.h"
#include "launcher/container/root.h"
#include "launcher/container/states.h"

namespace veloci {
namespace {

// An error is thrown with the line that the command would log.
Napi::Value refuse(Napi::Env env, Str line) {
  Napi::Error::New(env, std::string(line.data, line.size)).ThrowAsJavaScriptException();
  return env.Undefined();
}

// A text of JavaScript as a Str, which lives as long as this.
class Argument {
public:
  Argument(const Napi::CallbackInfo &info, size_t index) {
    valid_ = info.Length() > index && info[index].IsString();
    if (valid_) text_ = info[index].As<Napi::String>().Utf8Value();
  }
  bool valid() const { return valid_; }
  Str str() const { return {text_.c_str(), static_cast<uint32_t>(text_.size())}; }

private:
  bool valid_;
  std::string text_;
};

// What the command would print, and the error that it would log.
struct Kept {
  Kept() { log.keep(line); }
  Napi::Value answer(Napi::Env env, int err) {
    if (err != 0) return refuse(env, line.str());
    return Napi::String::New(env, text.str().data, text.size());
  }

  Log log;
  TextOf<4096> line;
  RootPath root;
  Buffer text;
};

} // namespace

Napi::Value default_root(const Napi::CallbackInfo &info) {
  RootPath memory;
  Str path = root_path({}, memory);
  return Napi::String::New(info.Env(), path.data, path.size);
}

Napi::Value state(const Napi::CallbackInfo &info) {
  Argument root(info, 0), id(info, 1);
  if (!root.valid() || !id.valid()) return refuse(info.Env(), Str::of("expected a state root and an id"));
  Kept kept;
  int err = write_state(root_path(root.str(), kept.root), id.str(), kept.log, kept.text);
  return err == ENOENT ? info.Env().Undefined() : kept.answer(info.Env(), err);
}

Napi::Value list(const Napi::CallbackInfo &info) {
  Argument root(info, 0);
  if (!root.valid()) return refuse(info.Env(), Str::of("expected a state root"));
  Kept kept;
  int err = write_list(root_path(root.str(), kept.root), ListForm::rows, kept.log, kept.text);
  return kept.answer(info.Env(), err);
}

} // namespace veloci

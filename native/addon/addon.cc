// The library's door to the host: the functions of Host (src/engine/protocol.ts), the facts, and the limit on open
// files, which Node raises for itself and a container must not inherit. No C++ exceptions: errors are pending in Node.
#include <fcntl.h>
#include <napi.h>

#include "addon/layer.h"
#include "addon/raise.h"
#include "addon/seccomp_rules.h"
#include "addon/spawn.h"
#include "addon/states.h"
#include "addon/watch.h"
#include "host/facts.h"
#include "host/look.h"
#include "json/scan.h"
#include "host/seccomp.h"
#include "host/sha256.h"

extern char **environ;

namespace veloci {
namespace {

// What facts take on most hosts.
constexpr size_t facts_size = 64 << 10;

// hostFacts(root: string): the facts as JSON text; `root` is the state root, empty for none.
Napi::Value facts(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsString()) return expect(info.Env(), "the state root");
  std::string root = info[0].As<Napi::String>().Utf8Value();
  FactsOptions options;
  Fd folder(root.empty() ? -1 : open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  options.root_fd = folder.get();
  options.listen_fds = listen_fds_of(environ);
  // A host with more to say takes another try.
  for (size_t size = facts_size;; size *= 2) {
    std::string memory(size, '\0');
    JsonWriter json(memory.data(), size);
    int err;
    {
      HostFactsWriter facts(json);
      err = host_facts(options, facts);
    }
    if (err != 0) return refuse(info.Env(), "cannot read the facts about this host", err);
    if (!json.full()) return Napi::String::New(info.Env(), json.text().data, json.text().size);
  }
}

// scan(bytes: Uint8Array): Scan
Napi::Value scan(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsTypedArray()) return expect(info.Env(), "a Uint8Array");
  Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  if (bytes.TypedArrayType() != napi_uint8_array) return expect(info.Env(), "a Uint8Array");
  JsonScan scan = json_scan({bytes.Data(), bytes.ByteLength()});
  Napi::Object result = Napi::Object::New(info.Env());
  if (scan.utf8) {
    const char *text = reinterpret_cast<const char *>(bytes.Data());
    result["text"] = Napi::String::New(info.Env(), text == nullptr ? "" : text, bytes.ByteLength());
  } else {
    result["badByte"] = Napi::Number::New(info.Env(), static_cast<double>(scan.bad_byte));
  }
  result["plain"] = Napi::Boolean::New(info.Env(), scan.plain);
  result["members"] = Napi::Number::New(info.Env(), scan.members);
  return result;
}

// sha256(text: string): string
Napi::Value sha256(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsString()) return expect(info.Env(), "a string");
  std::string text = info[0].As<Napi::String>().Utf8Value();
  char hex[Sha256::hex_size + 1];
  sha256_hex({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, hex);
  return Napi::String::New(info.Env(), hex, Sha256::hex_size);
}

// seccomp(rules: SeccompRules): Uint8Array
Napi::Value seccomp(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsObject()) return expect(env, "seccomp rules");
  Napi::Object rules = info[0].As<Napi::Object>();
  SeccompOptions options;
  options.default_action = rules.Get("defaultAction").ToNumber().Uint32Value();
  options.newer_missing = rules.Get("newerMissing").ToBoolean();
  options.strict_names = rules.Get("strictNames").ToBoolean();
  SeccompFilter filter(options);
  if (!add_seccomp_rules(rules, filter)) return expect(env, "well-formed seccomp rules");
  Bytes program = filter.compile();
  const SeccompError &error = filter.error();
  if (error.err != 0) {
    char what[80];
    snprintf(what, sizeof what, "seccomp: %s", error.what);
    return refuse(env, what, error.err);
  }
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, program.size);
  memcpy(bytes.Data(), program.data, program.size);
  return bytes;
}

// syscallNumber(name: string): number
Napi::Value number_of_syscall(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsString()) return expect(info.Env(), "a string");
  return Napi::Number::New(info.Env(), syscall_number(info[0].As<Napi::String>().Utf8Value().c_str()));
}

// look(files: FileLook[]): Seen[]: what is at each path; those of the root file system lie in the first one.
Napi::Value look(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsArray()) return expect(info.Env(), "a list of files");
  Napi::Array files = info[0].As<Napi::Array>();
  Napi::Array result = Napi::Array::New(info.Env(), files.Length());
  Fd root;
  for (uint32_t i = 0; i < files.Length(); i++) {
    Napi::Object file = files.Get(i).ToObject();
    std::string path = file.Get("path").ToString().Utf8Value();
    bool in_root = file.Get("where").ToString().Utf8Value() == "root";
    FileSeen seen =
        in_root ? look_in_root(root.get(), path.c_str()) : look_on_host(path.c_str(), i == 0 ? &root : nullptr);
    Napi::Object entry = Napi::Object::New(info.Env());
    entry["errno"] = Napi::Number::New(info.Env(), seen.err);
    entry["mode"] = Napi::Number::New(info.Env(), seen.mode);
    entry["uid"] = Napi::Number::New(info.Env(), seen.uid);
    entry["gid"] = Napi::Number::New(info.Env(), seen.gid);
    result.Set(i, entry);
  }
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["hostFacts"] = Napi::Function::New(env, facts, "hostFacts");
  exports["scan"] = Napi::Function::New(env, scan, "scan");
  exports["sha256"] = Napi::Function::New(env, sha256, "sha256");
  exports["seccomp"] = Napi::Function::New(env, seccomp, "seccomp");
  exports["syscallNumber"] = Napi::Function::New(env, number_of_syscall, "syscallNumber");
  exports["look"] = Napi::Function::New(env, look, "look");
  exports["stateRoot"] = Napi::Function::New(env, default_root, "stateRoot");
  exports["state"] = Napi::Function::New(env, state, "state");
  exports["list"] = Napi::Function::New(env, list, "list");
  exports["launch"] = Napi::Function::New(env, launch, "launch");
  exports["reap"] = Napi::Function::New(env, reap, "reap");
  exports["openNull"] = Napi::Function::New(env, open_null, "openNull");
  exports["pipe"] = Napi::Function::New(env, make_pipe, "pipe");
  exports["socketPair"] = Napi::Function::New(env, make_socket_pair, "socketPair");
  exports["receiveDescriptor"] = Napi::Function::New(env, receive_descriptor, "receiveDescriptor");
  exports["send"] = Napi::Function::New(env, send_bytes, "send");
  exports["onReady"] = Napi::Function::New(env, on_ready, "onReady");
  exports["watch"] = Napi::Function::New(env, watch, "watch");
  exports["hold"] = Napi::Function::New(env, hold, "hold");
  exports["read"] = Napi::Function::New(env, read_some, "read");
  exports["write"] = Napi::Function::New(env, write_some, "write");
  exports["close"] = Napi::Function::New(env, close_fd, "close");
  exports["writeFile"] = Napi::Function::New(env, write_file, "writeFile");
  exports["readFile"] = Napi::Function::New(env, read_layer_file, "readFile");
  exports["walk"] = Napi::Function::New(env, walk_layer, "walk");
  exports["kindOf"] = Napi::Function::New(env, kind_of, "kindOf");
  exports["room"] = Napi::Function::New(env, room_of, "room");
  exports["resize"] = Napi::Function::New(env, resize, "resize");
  return exports;
}

NODE_API_MODULE(veloci, init)

} // namespace
} // namespace veloci

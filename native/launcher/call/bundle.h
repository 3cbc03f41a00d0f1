// The bundle and its configuration file.
#pragma once
#include "file/files.h"
#include "launcher/call/invocation.h"

namespace veloci {

// Largest configuration that is read.
constexpr size_t config_size_max = 16 << 20;

struct Bundle {
  // Absolute, without symbolic links.
  TextOf<4096> path;
  // As messages name it: config.json, or the path as it was given.
  Str config_name;
};

// Opens the bundle of --bundle and reads its configuration. 0 or the exit code, with the error shown.
int read_bundle(Invocation &invocation, Bundle &bundle, Buffer &config);
// The same for a configuration of another name; an empty one is config.json.
int read_bundle(Invocation &invocation, Bundle &bundle, Buffer &config, Str config_name);

// Finds the absolute path of a bundle's directory. 0 or the exit code, with the error shown.
int find_bundle(Invocation &invocation, Str directory, Bundle &bundle, Fd *opened = nullptr);

// The same for a bundle that no flag names.
int read_bundle_in(Invocation &invocation, Str directory, Bundle &bundle, Buffer &config, Str config_name);

// 0 or the exit code for what the reading of a document has given, with the error shown about `name`.
int answer_read(Invocation &invocation, Str name, int err);

// Reads a file that a flag names, or a pipe as a shell makes it of `<(...)`. 0 or the exit code, with the error shown.
int read_given(Invocation &invocation, Str path, Buffer &out);

} // namespace veloci

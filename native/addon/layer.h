// What goes into a container before it starts, and what its program has left in the writable layer: by descriptors
// alone, and without following a link, since whoever made these files is not to be trusted.
#pragma once
#include <napi.h>

namespace veloci {

// writeFile(root, path, bytes, mode, uid, gid): makes a new file below a folder, and the folders on its way. What it
// makes belongs to these ids of the host.
Napi::Value write_file(const Napi::CallbackInfo &info);

// readFile(root, path, limit): the bytes of a regular file, the number of its bytes when these are more than `limit`,
// or undefined.
Napi::Value read_layer_file(const Napi::CallbackInfo &info);

// walk(root, limit): { entries: [path, kind, size, changed][], complete }, folders before what is in them. `path` is
// bytes.
Napi::Value walk_layer(const Napi::CallbackInfo &info);

// kindOf(root, path): what is there: a kind as walk() has it, or an empty text. Links are not followed.
Napi::Value kind_of(const Napi::CallbackInfo &info);

// room(root): bytes and files of its file system: [bytes, bytes free, files, files free].
Napi::Value room_of(const Napi::CallbackInfo &info);

} // namespace veloci

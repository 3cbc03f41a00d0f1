// JSON of any size in a buffer.
#pragma once
#include "file/files.h"
#include "json/json_writer.h"

namespace veloci {

// Calls write(json) with that much memory, and again with more until the object fits. 0, or the errno of `write`.
template <class Write> int write_object(Buffer &memory, size_t size, Str &object, Write write) {
  for (;; size *= 2) {
    if (!memory.reserve(size)) return errno;
    JsonWriter json(reinterpret_cast<char *>(memory.data()), size);
    if (int err = write(json); err != 0) return err;
    if (json.full()) continue;
    object = json.text();
    return 0;
  }
}

// The same, for what is between the braces; the closing one becomes the NUL behind.
template <class Write> int write_members(Buffer &memory, size_t size, Str &members, Write write) {
  Str object;
  if (int err = write_object(memory, size, object, write); err != 0) return err;
  memory.data()[object.size - 1] = 0;
  members = {object.data + 1, object.size - 2};
  return 0;
}

} // namespace veloci

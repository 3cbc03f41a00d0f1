// state.json of a state directory: the state that the specification describes, in the same form from every version. Its
// members are found and copied as they are; nothing is made of their values.
#pragma once
#include "base/io.h"

namespace veloci {

// The values as they lie in the text, with their quotes; empty = there is none.
struct StateJson {
  Str version; // ociVersion
  Str id;
  Str pid;
  Str bundle;
  Str rootfs;
  Str created;
  Str owner;
  Str annotations;
};

// Finds the members. False when the text is not one JSON object, or lacks ociVersion, id or bundle. Members that it
// does not know are passed over.
bool parse_state_json(Str text, StateJson &state);

// Whether a value is the string of this text, which needs no escapes.
bool is_json_string(Str value, Str text);

// What stands between the quotes, escapes as they are.
Str json_string_content(Str value);

// Appends a value, with line breaks and two blanks for each level; `depth` is the value's own.
void add_indented(Text &out, Str value, unsigned depth);
// The bytes that this takes.
size_t indented_size(Str value, unsigned depth);

} // namespace veloci

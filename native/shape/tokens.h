// What looks like a name of one start alone in a text: bytes only, whatever the text means.
#pragma once
#include "base/types.h"

namespace veloci {

// How a name may differ between two starts that are alike.
enum class NameKind : uint8_t {
  hex,    // 64, 32 or 12 hexadecimal digits, or a UUID: any digit in place of any other
  digits, // a moment, or a pid: decimal digits
  word,   // letters for letters of the same case, digits for digits
  path,   // behind its first component any letter or digit in place of any other
};

// A stretch of a text.
struct Token {
  size_t start = 0;
  size_t size = 0; // 0: there is none
  NameKind kind = NameKind::hex;

  bool exists() const { return size != 0; }
};

// The first one at or behind `from`: 64, 32 or 12 lower-case hexadecimal digits between characters that are neither
// letters nor digits, at least one of them a letter and one a digit; or a UUID.
Token find_hex(Str text, size_t from);

// The first moment (RFC 3339, in UTC) at or behind `from`.
Token find_moment(Str text, size_t from);

// The first pid of `/proc/PID/ns/`, of two digits or more, at or behind `from`.
Token find_pid(Str text, size_t from);

// The first place of a name that is known, at or behind `from`. An escape of JSON may not reach into it.
Token find_known(Str text, size_t from, Str name, NameKind kind);

bool is_alphanumeric(char c);

} // namespace veloci

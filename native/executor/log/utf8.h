// Foreign text (paths, hooks' output, kernel messages) made fit for JSON, for the log and for a terminal.
#pragma once
#include "base/io.h"

namespace veloci {

// Whether the whole text is valid UTF-8.
bool utf8_valid(Str text);

// Appends a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD, control characters are escaped.
Text &add_json(Text &out, Str text);

// The same in Go's %q form, as logrus writes values.
Text &add_quoted(Text &out, Str text);

// Appends text for a terminal: control characters but newline and tab, and invalid UTF-8, become U+FFFD.
// `one_line` makes blanks of newlines: a text within a line must not look like a line of its own. `marked` leaves the
// marks of our own texts (style.h) where they are.
Text &add_printable(Text &out, Str text, bool one_line = false, bool marked = false);

} // namespace veloci

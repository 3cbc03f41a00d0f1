// The errors and warnings that need no engine: from the table of diagnostics to the log.
#pragma once
#include "executor/log/log.h"
#include "generated/diagnostics.gen.h"
#include "generated/errno.gen.h"

namespace veloci {

// Writes a diagnostic's parts: the table's own words as they are, fillings without control characters.
struct DiagnosticSink {
  Text &out;
  void text(Str words) { out.add(words); }
  void value(Str filling) { add_printable(out, filling, true); }
};

// Shows an error of the table: `CODE: MESSAGE: HINT`, or the long form on a terminal. A warning of the table is one
// that nobody may miss.
template <class Diagnostic> void show(Log &log, const Diagnostic &diagnostic) {
  TextOf<3072> message, hint;
  DiagnosticSink message_sink{message}, hint_sink{hint};
  diagnostic.message(message_sink, log.wording());
  if (!diagnostic.hint(hint_sink)) hint.clear();
  const Str code = Str::of(Diagnostic::code);
  if constexpr (Diagnostic::is_warning)
    log.warn(code, message.str(), hint.str());
  else if constexpr (requires { diagnostic.errno_; })
    log.error(code, message.str(), hint.str(), diagnostic.errno_);
  else
    log.error(code, message.str(), hint.str());
}

// A number as a filling.
class NumberText {
public:
  explicit NumberText(int64_t number) { text_.add_signed(number); }
  operator Str() const { return text_.str(); }

private:
  TextOf<24> text_;
};

} // namespace veloci

// Where messages go: stderr, or the file or service of --log. One error makes exactly one line in the log.
#pragma once
#include "executor/log/log_service.h"
#include "executor/log/utf8.h"

namespace veloci {

namespace diagnostic {
enum class Wording : uint8_t;
}

// An error that is ready to be shown.
struct Problem {
  // Stable code, as E0412; also the beginning of `line`.
  Str code;
  // The error as one line that stands alone.
  Str line;
  // The form for a terminal, with the source line and a caret; empty = the line.
  Str explained;
  // Members of the object of a JSON log beside these: valid JSON without the braces; empty = none.
  Str keys = {};
};

class Log {
public:
  enum class Format : uint8_t { text, json };

  // Opens the file of --log (`PATH` or `file:PATH`), creating it with mode 0644, or its service (`journald:NAME`,
  // `syslog:NAME`). Returns 0 or an errno.
  int open(Str path);
  // Writes to the socket of the program that has started this command, as JSON, and nowhere else. Returns 0 or an
  // errno.
  int use(int descriptor);
  void set_format(Format format) { format_ = format; }
  void set_debug(bool debug) { debug_ = debug; }
  // Whose words messages have.
  void use_wording(diagnostic::Wording wording) { wording_ = wording; }
  diagnostic::Wording wording() const { return wording_; }
  // While muted nothing is written.
  void mute(bool muted) { muted_ = muted; }

  // Puts the line of an error there in place of writing anything; warnings are dropped.
  void keep(Text &line) { kept_ = &line; }

  // Writes the error to the log and, when the log is a file, its line to stderr too.
  void error(const Problem &problem);
  // The same for one that is made of these parts; an empty hint is none. The last word of `cause` is the name of an
  // errno.
  void error(Str code, Str message, Str hint, Str cause = {});
  // Writes a line that only --debug asks for.
  void debug(Str line);
  bool debugs() const { return debug_; }
  // Whether the log is not stderr.
  bool elsewhere() const { return file_.valid() || service_.valid(); }
  // Writes lines of warnings to the log; on a terminal they are seen beside it, too.
  void warnings(Str lines);
  // Writes a warning that nobody may miss: to the log as well as to stderr. An empty hint is none.
  void warn(Str code, Str message, Str hint);

private:
  void write_record(Severity severity, const Problem &problem);
  void write_terminal(Str heading, Str text, bool one_line);
  bool on_terminal() const;

  Fd file_;
  LogService service_;
  Format format_ = Format::text;
  bool debug_ = false;
  bool muted_ = false;
  bool private_ = false;
  diagnostic::Wording wording_{};
  Text *kept_ = nullptr;
};

} // namespace veloci

#include "executor/log/log.h"
#include "base/clock.h"
#include "wait/interrupt.h"
#include "wait/deadline.h"
#include "executor/log/style.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

namespace {

// Longest line of the log; what is longer is cut (a hook's output may be part of it).
constexpr size_t longest_line = 4096;

// With marks (style.h) around the first word.
constexpr char error_heading[] = "\1error\6: ", warning_heading[] = "\2warning\6: ";

// A line of the log is one write(2), so that those of several processes do not mix. There is nobody to tell of a
// failure.
void write_line(int fd, Str text) { write_within(fd, text, wait_limit); }

// A FIFO waits for its reader in open(2), where no signal would end it.
int open_log(const char *name) {
  Deadline deadline(wait_limit);
  for (;;) {
    int fd = ::open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    if (fd >= 0 || errno != ENXIO) return fd;
    struct stat info;
    if (stat(name, &info) != 0 || !S_ISFIFO(info.st_mode)) return errno = ENXIO, -1;
    if (Signals::pending_stop() != 0) return errno = EINTR, -1;
    if (!deadline.wait()) return errno = ETIMEDOUT, -1;
  }
}

// The beginning of a text that, escaped, surely fits into a line.
Str bounded(Str text, size_t size) {
  if (text.size <= size) return text;
  return {text.data, static_cast<uint32_t>(size)};
}

// Adds `value` by `form`, shortened until it leaves `reserve` bytes of the line.
template <class Form> void add_fitting(Text &text, Str value, size_t reserve, Form form) {
  TextOf<longest_line> escaped;
  for (size_t size = value.size;; size = size * 3 / 4) {
    escaped.clear();
    form(escaped, bounded(value, size));
    if (size == 0 || (escaped.complete() && escaped.size() + reserve <= text.room())) break;
  }
  text.add(escaped.str());
}

const char *name_of(Severity severity) {
  switch (severity) {
  case Severity::error: return "error";
  case Severity::warning: return "warning";
  case Severity::debug: return "debug";
  }
  return "";
}

// `E0412`, of a line that begins so.
Str code_of(Str line) {
  constexpr uint32_t size = 5;
  bool coded = line.size > size && line.data[0] == 'E' && line.data[size] == ':';
  return coded ? Str{line.data, size} : Str{};
}

// The time as RFC 3339 without a fraction.
Text &add_now(Text &text) {
  text.add_time(static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME)));
  // `.000000000Z` goes.
  text.truncate(text.size() - 11);
  return text.add_char('Z');
}

} // namespace

int Log::open(Str path) {
  if (LogService::is_named(path)) return service_.open(path);
  const char *name = path.c_str();
  if (strncmp(name, "file:", 5) == 0) name += 5;
  int fd = open_log(name);
  if (fd < 0) return errno;
  file_.reset(fd);
  return 0;
}

int Log::use(int descriptor) {
  int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) return errno;
  file_.reset(fd);
  format_ = Format::json;
  private_ = true;
  return 0;
}

bool Log::on_terminal() const { return isatty(STDERR_FILENO) == 1; }

void Log::error(const Problem &problem) {
  if (kept_ != nullptr) kept_->add(problem.line);
  if (muted_ || kept_ != nullptr) return;
  if (elsewhere() || format_ == Format::json) write_record(Severity::error, problem);
  if (private_ || (!elsewhere() && format_ == Format::json)) return;
  if (on_terminal() && !problem.explained.empty())
    write_terminal({}, problem.explained, false);
  else
    write_terminal(problem.code.empty() ? Str{} : Str::of(error_heading), problem.line, true);
}

void Log::error(Str code, Str message, Str hint, Str cause) {
  TextOf<3072> line, explained, keys;
  line.add(code).add(": ").add(message);
  explained.add("\1error ").add(code).add("\6: \16").add(message);
  if (!hint.empty()) {
    line.add(": ").add(hint);
    explained.add("\n  \4help\6: \16").add(hint);
    add_json(keys.add("\"hint\":"), hint);
  }
  const void *space = memrchr(cause.data, ' ', cause.size);
  if (space != nullptr) {
    if (keys.size() > 0) keys.add_char(',');
    keys.add("\"errno\":\"").add(static_cast<const char *>(space) + 1).add_char('"');
  }
  error({code, line.str(), explained.str(), keys.complete() ? keys.str() : Str{}});
}

void Log::debug(Str line) {
  if (debug_ && !muted_) write_record(Severity::debug, {{}, line, {}, {}});
}

void Log::warnings(Str lines) {
  if (muted_) return;
  bool recorded = elsewhere() || format_ == Format::json;
  bool shown = !recorded || (elsewhere() && !private_ && on_terminal());
  for (size_t offset = 0; offset < lines.size;) {
    const char *begin = lines.data + offset;
    const void *end = memchr(begin, '\n', lines.size - offset);
    size_t size = end != nullptr ? static_cast<size_t>(static_cast<const char *>(end) - begin) : lines.size - offset;
    offset += size + 1;
    Str line{begin, static_cast<uint32_t>(size)};
    if (line.empty()) continue;
    if (recorded) write_record(Severity::warning, {code_of(line), line, {}});
    if (shown) write_terminal(Str::of(warning_heading), line, true);
  }
}

void Log::warn(Str code, Str message, Str hint) {
  if (muted_ || kept_ != nullptr) return;
  TextOf<3072> line;
  line.add(code).add(": ").add(message);
  if (!hint.empty()) line.add(": ").add(hint);
  if (elsewhere() || format_ == Format::json) write_record(Severity::warning, {code, line.str(), {}});
  if (!private_ && (elsewhere() || format_ != Format::json)) write_terminal(Str::of(warning_heading), line.str(), true);
}

void Log::write_record(Severity severity, const Problem &problem) {
  if (service_.valid()) return service_.send(severity, problem.code, problem.line);
  const char *level = name_of(severity);
  TextOf<longest_line> text;
  if (format_ == Format::json) {
    text.add("{\"level\":\"").add(level).add("\",\"msg\":");
    add_fitting(text, problem.line, 96, add_json);
    add_now(text.add(",\"time\":\"")).add_char('"');
    if (!problem.code.empty()) add_json(text.add(",\"code\":"), problem.code);
    if (!problem.keys.empty() && problem.keys.size + 8 < text.room()) text.add_char(',').add(problem.keys);
    text.add("}\n");
  } else {
    add_now(text.add("time=\"")).add("\" level=").add(level).add(" msg=");
    add_fitting(text, problem.line, 8, add_quoted);
    text.add_char('\n');
  }
  write_line(file_.valid() ? file_.get() : STDERR_FILENO, text.str());
}

// Only a text of several lines has marks of its own.
void Log::write_terminal(Str heading, Str text, bool one_line) {
  TextOf<longest_line * 4> printable;
  add_printable(printable.add(heading), text, one_line, !one_line);
  if (one_line || text.size == 0 || text.data[text.size - 1] != '\n') printable.add_char('\n');
  TextOf<longest_line * 4> out;
  add_styled(out, printable.str(), style_of(STDERR_FILENO));
  write_line(STDERR_FILENO, out.str());
}

} // namespace veloci

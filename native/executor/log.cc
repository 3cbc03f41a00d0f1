#include "executor/log.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

namespace veloci {

namespace {

// Longest line of the log; what is longer is cut (a hook's output may be part of it).
constexpr size_t longest_line = 4096;

// One write(2), so that lines of several processes in one file do not mix.
void write_all(int fd, Str text) {
  for (size_t done = 0; done < text.size;) {
    ssize_t count = ::write(fd, text.data + done, text.size - done);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) done += static_cast<size_t>(count);
  }
}

// The beginning of a text that, escaped, surely fits into a line.
Str bounded(Str text, size_t size) {
  if (text.size <= size) return text;
  return {text.data, static_cast<uint32_t>(size)};
}

// Adds `value` by `form`, shortened until it fits and leaves `reserve` bytes.
template <class Form> void add_fitting(Text &text, Str value, size_t reserve, Form form) {
  const size_t start = text.size();
  for (size_t size = value.size;; size = size * 3 / 4) {
    text.shorten(start);
    form(bounded(value, size));
    if (size == 0 || (!text.cut() && text.room() >= reserve)) return;
  }
}

} // namespace

int Log::open(Str path) {
  const char *name = path.c_str();
  if (strncmp(name, "file:", 5) == 0) name += 5;
  int fd = ::open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
  if (fd < 0) return errno;
  file_.reset(fd);
  return 0;
}

bool Log::on_terminal() const { return isatty(STDERR_FILENO) == 1; }

void Log::error(const Problem &problem) {
  if (file_.valid() || format_ == Format::json) write_record("error", problem);
  if (!file_.valid() && format_ == Format::json) return;
  if (on_terminal() && !problem.explained.empty()) write_terminal("", problem.explained);
  else write_terminal("error: ", problem.line);
}

void Log::warnings(Str lines) {
  if (lines.empty() || (!debug_ && !on_terminal())) return;
  for (size_t at = 0; at < lines.size;) {
    const char *begin = lines.data + at;
    const void *end = memchr(begin, '\n', lines.size - at);
    size_t size = end != nullptr ? static_cast<size_t>(static_cast<const char *>(end) - begin) : lines.size - at;
    at += size + 1;
    Str line{begin, static_cast<uint32_t>(size)};
    if (line.empty()) continue;
    if (debug_ && (file_.valid() || format_ == Format::json)) write_record("warning", {{}, line, {}});
    else write_terminal("warning: ", line);
  }
}

void Log::write_record(const char *level, const Problem &problem) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  TextOf<longest_line> text;
  if (format_ == Format::json) {
    text.add("{\"level\":\"").add(level).add("\",\"msg\":");
    add_fitting(text, problem.line, 96, [&](Str line) { text.json(line); });
    text.add(",\"time\":\"");
    add_time(text, now.tv_sec, 0, false);
    text.add('"');
    if (!problem.code.empty()) text.add(",\"code\":").json(problem.code);
    text.add("}\n");
  } else {
    text.add("time=\"");
    add_time(text, now.tv_sec, 0, false);
    text.add("\" level=").add(level).add(" msg=");
    add_fitting(text, problem.line, 8, [&](Str line) { text.quoted(line); });
    text.add('\n');
  }
  write_all(file_.valid() ? file_.get() : STDERR_FILENO, text.str());
}

// Text from a config or a hook may carry escape sequences: control characters but the newline and
// the tab never reach a terminal.
void Log::write_terminal(const char *heading, Str text) {
  TextOf<longest_line * 4> out;
  out.add(heading);
  for (size_t at = 0; at < text.size && out.room() > 8;) {
    unsigned length = utf8_length(text.data + at, text.size - at);
    auto byte = static_cast<uint8_t>(text.data[at]);
    bool second_control = length == 2 && byte == 0xc2 && static_cast<uint8_t>(text.data[at + 1]) < 0xa0;
    bool control = byte < 0x20 && byte != '\n' && byte != '\t';
    if (length == 0 || control || byte == 0x7f || second_control) out.add("\xef\xbf\xbd");
    else out.add(text.data + at, length);
    at += length == 0 ? 1 : length;
  }
  if (text.size == 0 || text.data[text.size - 1] != '\n') out.add('\n');
  write_all(STDERR_FILENO, out.str());
}

} // namespace veloci

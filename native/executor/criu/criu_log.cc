// The words of CRIU's log about a failure.
#include "executor/criu/criu_process.h"
#include <fcntl.h>

namespace veloci {

namespace {

constexpr char mark[] = "Error (";
constexpr unsigned lines_max = 3;
constexpr size_t line_max = 120;

// The text of a line like "(00.012345) Error (criu/files.c:12): Can't open ...": after the place in CRIU's source.
Str words_of(Str line) {
  const char *place = strstr(line.c_str(), mark);
  if (place == nullptr) return {};
  const char *end = strstr(place, "): ");
  const char *words = end != nullptr ? end + 3 : place;
  while (*words == ' ') words++;
  return Str::of(words);
}

// What says no more than that it failed, or is said of every run by a caller who may not raise limits.
bool is_general(Str words) {
  return words.empty() || strstr(words.c_str(), "FAILED") != nullptr || strncmp(words.c_str(), "rlimit: ", 8) == 0;
}

} // namespace

void read_criu_log(const CriuJob &job, Text &out) {
  int dir = (job.work.valid() ? job.work : job.images).get();
  Fd file(openat(dir, job.log.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  constexpr size_t tail = 32 * 1024;
  Pages memory;
  if (!file.valid() || !memory.allocate(tail + 1)) return;
  off_t size = lseek(file.get(), 0, SEEK_END);
  off_t from = size > static_cast<off_t>(tail) ? size - static_cast<off_t>(tail) : 0;
  ssize_t count = pread(file.get(), memory.data(), tail, from);
  if (count <= 0) return;
  char *text = memory.data();
  // The last lines, in their order.
  Str lines[lines_max];
  unsigned number = 0;
  for (char *line = text, *end = text + count; line < end;) {
    char *stop = static_cast<char *>(memchr(line, '\n', static_cast<size_t>(end - line)));
    if (stop == nullptr) stop = end;
    *stop = 0;
    Str words = words_of(Str::of(line));
    if (!is_general(words)) lines[number++ % lines_max] = words;
    line = stop + 1;
  }
  unsigned kept = number < lines_max ? number : lines_max;
  for (unsigned i = 0; i < kept; i++) {
    Str words = lines[(number - kept + i) % lines_max];
    if (out.size() > 0) out.add("; ");
    out.add(words.data, words.size < line_max ? words.size : line_max);
  }
}

} // namespace veloci

#include "init/cause.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "init/program/interpreter.h"

namespace veloci {
namespace {

void say(Text &detail, const char *word, Str value = {}) {
  detail.add(": ").add(word);
  if (!value.empty()) detail.add_char(' ').add(value);
}

// ENOENT of a file that is there: its interpreter is not. The carriage return of a line end of Windows is part of the
// interpreter's name.
bool missing(const char *program, Text &detail) {
  TextOf<256> name;
  switch (find_interpreter(program, name)) {
  case Interpreter::unreadable: return errno != ENOENT;
  case Interpreter::none: return true;
  case Interpreter::present: return true; // the interpreter's own interpreter
  case Interpreter::missing: break;
  }
  bool windows = name.size() > 1 && name.str().data[name.size() - 1] == '\r';
  if (windows) name.truncate(name.size() - 1);
  say(detail, windows ? "crlf" : "interpreter", name.str());
  return true;
}

void forbidden(const char *program, Text &detail) {
  struct stat status;
  struct statvfs mount;
  if (stat(program, &status) < 0) return;
  if (!S_ISREG(status.st_mode)) return say(detail, "special");
  if ((status.st_mode & 0111) == 0) return say(detail, "mode");
  if (statvfs(program, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) return say(detail, "noexec");
  TextOf<256> name;
  if (find_interpreter(program, name) == Interpreter::present && access(name.c_str(), X_OK) < 0) {
    say(detail, "interpreterMode", name.str());
  }
}

bool is_text(const char *head, size_t size) {
  for (size_t i = 0; i < size; i++) {
    auto byte = static_cast<unsigned char>(head[i]);
    if (byte < 32 && byte != '\n' && byte != '\t' && byte != '\r') return false;
  }
  return size > 0;
}

void unknown(const char *program, Text &detail) {
  Fd file(openat(AT_FDCWD, program, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return;
  char head[128] = {};
  ssize_t count = pread(file.get(), head, sizeof head, 0);
  if (count < 0) return;
  auto size = static_cast<size_t>(count);
  auto begins = [&](const char *bytes, size_t length) { return size >= length && memcmp(head, bytes, length) == 0; };
  if (size == 0) return say(detail, "empty");
  if (begins(ELFMAG, SELFMAG)) {
    Elf64_Ehdr header;
    if (size < sizeof header) return say(detail, "damaged");
    memcpy(&header, head, sizeof header);
    TextOf<16> machine;
    machine.add_number(header.e_machine);
    return say(detail, "architecture", machine.str());
  }
  if (begins("MZ", 2)) return say(detail, "architecture", Str::of("Windows"));
  if (begins("\xcf\xfa\xed\xfe", 4) || begins("\xca\xfe\xba\xbe", 4))
    return say(detail, "architecture", Str::of("macOS"));
  if (begins("\xef\xbb\xbf#!", 5)) return say(detail, "mark");
  if (is_text(head, size)) say(detail, "script");
}

} // namespace

bool add_cause(const char *program, int err, Text &detail) {
  switch (err) {
  case ENOENT: return missing(program, detail);
  case EACCES: forbidden(program, detail); break;
  case EPERM: say(detail, "refused"); break;
  case ENOEXEC: unknown(program, detail); break;
  default: break;
  }
  return true;
}

} // namespace veloci

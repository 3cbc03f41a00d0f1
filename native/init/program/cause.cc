#include "init/program/cause.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "init/program/interpreter.h"

namespace veloci {
namespace {

void set_cause(Detail &detail, ProgramCause cause, Str value = {}) {
  detail.start(DetailPart::cause).add_char(static_cast<char>(static_cast<uint8_t>(cause) + 1));
  if (!value.empty()) detail.next(DetailPart::value).add(value);
}

// ENOENT of a file that is there: its interpreter is not. The carriage return of a line end of Windows is part of the
// interpreter's name.
bool missing(const char *program, Detail &detail) {
  TextOf<256> name;
  switch (find_interpreter(program, name)) {
  case Interpreter::unreadable: return errno != ENOENT;
  case Interpreter::none: return true;
  case Interpreter::present: return true; // the interpreter's own interpreter
  case Interpreter::missing: break;
  }
  bool windows = name.size() > 1 && name.str().data[name.size() - 1] == '\r';
  if (windows) name.truncate(name.size() - 1);
  set_cause(detail, windows ? ProgramCause::crlf : ProgramCause::interpreter, name.str());
  return true;
}

void forbidden(const char *program, Detail &detail) {
  struct stat status;
  struct statvfs mount;
  if (stat(program, &status) < 0) return;
  if (!S_ISREG(status.st_mode)) return set_cause(detail, ProgramCause::special);
  if ((status.st_mode & 0111) == 0) return set_cause(detail, ProgramCause::mode);
  if (statvfs(program, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) return set_cause(detail, ProgramCause::noexec);
  TextOf<256> name;
  if (find_interpreter(program, name) == Interpreter::present && access(name.c_str(), X_OK) < 0) {
    set_cause(detail, ProgramCause::interpreter_mode, name.str());
  }
}

bool is_text(const char *head, size_t size) {
  for (size_t i = 0; i < size; i++) {
    auto byte = static_cast<unsigned char>(head[i]);
    if (byte < 32 && byte != '\n' && byte != '\t' && byte != '\r') return false;
  }
  return size > 0;
}

void unknown(const char *program, Detail &detail) {
  Fd file(openat(AT_FDCWD, program, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return;
  char head[128] = {};
  ssize_t count = pread(file.get(), head, sizeof head, 0);
  if (count < 0) return;
  auto size = static_cast<size_t>(count);
  auto begins = [&](const char *bytes, size_t length) { return size >= length && memcmp(head, bytes, length) == 0; };
  if (size == 0) return set_cause(detail, ProgramCause::empty);
  if (begins(ELFMAG, SELFMAG)) {
    Elf64_Ehdr header;
    if (size < sizeof header) return set_cause(detail, ProgramCause::damaged);
    memcpy(&header, head, sizeof header);
    TextOf<16> machine;
    machine.add_number(header.e_machine);
    return set_cause(detail, ProgramCause::architecture, machine.str());
  }
  if (begins("MZ", 2)) return set_cause(detail, ProgramCause::architecture, Str::of("Windows"));
  if (begins("\xcf\xfa\xed\xfe", 4) || begins("\xca\xfe\xba\xbe", 4))
    return set_cause(detail, ProgramCause::architecture, Str::of("macOS"));
  if (begins("\xef\xbb\xbf#!", 5)) return set_cause(detail, ProgramCause::mark);
  if (is_text(head, size)) set_cause(detail, ProgramCause::script);
}

} // namespace

bool find_cause(const char *program, int err, Detail &detail) {
  detail.clear();
  switch (err) {
  case ENOENT: return missing(program, detail);
  case EACCES: forbidden(program, detail); break;
  case EPERM: set_cause(detail, ProgramCause::refused); break;
  case ENOEXEC: unknown(program, detail); break;
  default: break;
  }
  return true;
}

} // namespace veloci

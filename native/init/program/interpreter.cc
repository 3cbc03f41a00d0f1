#include "init/program/interpreter.h"

#include <elf.h>
#include <fcntl.h>

#include "init/program/image_file.h"

namespace veloci {
namespace {

constexpr size_t headers_max = 64;

// "#!" blanks PATH [argument]
bool script_interpreter(const char *head, size_t size, Text &name) {
  size_t offset = 2;
  while (offset < size && (head[offset] == ' ' || head[offset] == '\t')) offset++;
  size_t end = offset;
  while (end < size && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' && head[end] != 0) end++;
  name.add(head + offset, end - offset);
  return end > offset;
}

template <class Header, class Segment> bool elf_interpreter(int fd, const char *head, Text &name) {
  Header header;
  memcpy(&header, head, sizeof header);
  if (header.e_phentsize != sizeof(Segment)) return false;
  for (size_t i = 0; i < header.e_phnum && i < headers_max; i++) {
    Segment segment;
    off_t offset = static_cast<off_t>(header.e_phoff + i * sizeof segment);
    if (pread(fd, &segment, sizeof segment, offset) != static_cast<ssize_t>(sizeof segment)) return false;
    if (segment.p_type != PT_INTERP) continue;
    char path[256];
    size_t want = segment.p_filesz < sizeof path - 1 ? static_cast<size_t>(segment.p_filesz) : sizeof path - 1;
    ssize_t size = pread(fd, path, want, static_cast<off_t>(segment.p_offset));
    if (size <= 0) return false;
    path[size] = 0;
    name.add(path);
    return name.size() > 0;
  }
  return false;
}

} // namespace

Interpreter find_interpreter(const char *program, Text &name) {
  Fd file(openat(AT_FDCWD, program, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status;
  if (!file.valid()) return Interpreter::unreadable;
  if (!is_image_file(file.get(), status)) return Interpreter::none;
  char head[256] = {};
  ssize_t size = pread(file.get(), head, sizeof head, 0);
  bool known = false;
  if (size > 2 && head[0] == '#' && head[1] == '!') {
    known = script_interpreter(head, static_cast<size_t>(size), name);
  } else if (size >= static_cast<ssize_t>(sizeof(Elf64_Ehdr)) && memcmp(head, ELFMAG, SELFMAG) == 0) {
    known = head[EI_CLASS] == ELFCLASS64 ? elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(file.get(), head, name)
                                         : elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(file.get(), head, name);
  }
  if (!known) return Interpreter::none;
  return access(name.c_str(), F_OK) == 0 ? Interpreter::present : Interpreter::missing;
}

} // namespace veloci

#include "executor/rdt/resctrl.h"
#include "base/io.h"
#include "base/sys.h"
#include <fcntl.h>
#include <sys/vfs.h>

namespace veloci::resctrl {

namespace {

Str trimmed(Str text) {
  while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) text = {text.data + 1, text.size - 1};
  while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\n')) text.size--;
  return text;
}

// What stands before the next `mark`; `rest` becomes what follows it. False at the end.
bool next(Str &rest, char mark, Str &part) {
  if (rest.size == 0) return false;
  const void *separator = memchr(rest.data, mark, rest.size);
  uint32_t size = separator ? static_cast<uint32_t>(static_cast<const char *>(separator) - rest.data) : rest.size;
  part = trimmed({rest.data, size});
  uint32_t used = separator ? size + 1 : size;
  rest = {rest.data + used, rest.size - used};
  return true;
}

// Equal but for leading zeros of a value and the case of its digits.
bool same_value(Str a, Str b) {
  auto strip = [](Str value) {
    while (value.size > 1 && value.data[0] == '0') value = {value.data + 1, value.size - 1};
    return value;
  };
  a = strip(trimmed(a));
  b = strip(trimmed(b));
  return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

bool split(Str text, char mark, Str &before, Str &after) {
  Str rest = text;
  if (!next(rest, mark, before) || before.size == text.size) return false;
  after = rest;
  return true;
}

bool has_domain(Str domains, Str wanted) {
  Str id, value, domain;
  if (!split(wanted, '=', id, value)) return false;
  while (next(domains, ';', domain)) {
    Str other_id, other_value;
    if (split(domain, '=', other_id, other_value) && same_value(id, other_id)) return same_value(value, other_value);
  }
  return false;
}

} // namespace

int open_root() {
  Fd root(open("/sys/fs/resctrl", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct statfs fs;
  if (root.valid() && fstatfs(root.get(), &fs) == 0 && static_cast<uint64_t>(fs.f_type) == sys::magic_resctrl)
    return root.release();
  errno = ENODEV;
  return -1;
}

bool has_schema(Str schemata, Str line) {
  Str resource, domains, present;
  if (!split(trimmed(line), ':', resource, domains)) return false;
  while (next(schemata, '\n', present)) {
    Str name, values, wanted;
    if (!split(present, ':', name, values) || !(name == resource)) continue;
    for (Str rest = domains; next(rest, ';', wanted);) {
      if (wanted.size > 0 && !has_domain(values, wanted)) return false;
    }
    return true;
  }
  return false;
}

int write_schemata(int group, Bytes text) {
  Fd file(openat(group, "schemata", O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return errno;
  ssize_t count = ::write(file.get(), text.data, text.size);
  return count < 0 ? errno : static_cast<size_t>(count) == text.size ? 0 : EIO;
}

int add_task(int group, int pid) {
  Fd file(openat(group, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return errno;
  TextOf<16> number;
  number.add_signed(pid);
  return write_all(file.get(), number.c_str(), number.size()) ? 0 : errno;
}

} // namespace veloci::resctrl

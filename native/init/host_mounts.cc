#include "init/host_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "base/pages.h"
#include "base/procfs.h"
#include "base/sys.h"

namespace veloci {
namespace {

// Text of some thousand mounts; only what is touched costs anything.
constexpr size_t mountinfo_max = 4 << 20;
// As many mounts may lie over each other at one place.
constexpr unsigned stack_max = 64;

// Cuts the next field off, which ends at a blank; NUL-terminated.
char *field(char *&line) {
  char *begin = line;
  char *end = strchrnul(line, ' ');
  line = *end == 0 ? end : end + 1;
  *end = 0;
  return begin;
}

bool octal(char digit) { return digit >= '0' && digit <= '7'; }

// Resolves \040 and the like in place.
void unescape(char *text) {
  char *to = text;
  while (*text != 0) {
    if (text[0] == '\\' && octal(text[1]) && octal(text[2]) && octal(text[3])) {
      *to++ = static_cast<char>((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
      text += 4;
    } else {
      *to++ = *text++;
    }
  }
  *to = 0;
}

// Where a whole procfs or sysfs is mounted; nullptr for any other line `ID PARENT DEVICE ROOT POINT OPTIONS [TAGS…] -
// TYPE …`. Changes the line.
char *revealing(char *line) {
  for (int i = 0; i < 3; i++) field(line);
  bool whole = strcmp(field(line), "/") == 0;
  char *point = field(line);
  while (*line != 0 && strcmp(field(line), "-") != 0) {
  }
  const char *type = field(line);
  if (!whole || (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0)) return nullptr;
  unescape(point);
  return point;
}

bool read_text(int fd, Pages &text) {
  if (!text.allocate(mountinfo_max)) return false;
  size_t size = 0;
  for (;;) {
    ssize_t got = read(fd, text.data() + size, text.size() - 1 - size);
    if (got == 0) return size < text.size() - 1 || (errno = EFBIG, false);
    if (got > 0) size += static_cast<size_t>(got);
    else if (errno != EINTR) return false;
  }
}

bool cover_empty(int target) {
  Fd fs(sys::fsopen("tmpfs", sys::fsopen_cloexec));
  if (!fs.valid() || sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0) return false;
  Fd tree(sys::fsmount(fs.get(), sys::fsmount_cloexec, sys::attr_rdonly));
  return tree.valid() && sys::move_mount(tree.get(), target) == 0;
}

// Everything that is mounted at this place: of a stack, what lies below would show again.
bool hide(const char *point) {
  for (unsigned i = 0; i < stack_max; i++) {
    Fd at(sys::openat2(AT_FDCWD, point, {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, sys::resolve_no_symlinks}));
    // Gone with a mount above it, or of the container, which is not below the host's root any more.
    if (!at.valid()) return errno == ENOENT || errno == ENOTDIR;
    if (fchdir(at.get()) < 0) return false;
    // The going of what is mounted below it must not reach the host.
    bool gone = mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) == 0 && umount2(".", MNT_DETACH) == 0;
    if (gone) continue;
    if (errno != EINVAL && errno != EPERM) return false;
    struct statfs status;
    if (fstatfs(at.get(), &status) < 0) return false;
    uint64_t type = static_cast<uint64_t>(status.f_type);
    return (type != sys::magic_proc && type != sys::magic_sysfs) || cover_empty(at.get());
  }
  errno = ELOOP;
  return false;
}

} // namespace

bool hide_host_mounts(int procfs) {
  Fd file(open_in_procfs(procfs, "self/mountinfo", O_RDONLY));
  Pages text;
  if (!file.valid() || !read_text(file.get(), text)) return false;
  for (char *line = text.data(); *line != 0;) {
    char *end = strchrnul(line, '\n');
    char *next = *end == 0 ? end : end + 1;
    *end = 0;
    char *point = revealing(line);
    if (point != nullptr && !hide(point)) return false;
    line = next;
  }
  return true;
}

} // namespace veloci

#include "observe/privileged.h"

#include <dirent.h>
#include <limits.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/directory.h"
#include "base/io.h"
#include "base/pages.h"
#include "base/sys.h"

namespace veloci {
namespace {

constexpr int64_t most_milliseconds = 2000;

// Directories that are still to be looked through: paths, each with its NUL, of which the last one is the next.
class Pending {
public:
  bool allocate() { return memory_.allocate(4 << 20); }
  bool add(Str folder, const char *name) {
    size_t size = folder.size + 1 + strlen(name) + 1;
    if (size > PATH_MAX || used_ + size > memory_.size()) return false;
    Text text(memory_.data() + used_, size);
    text.add(folder).add("/").add(name);
    memory_.data()[used_ + size - 1] = 0;
    used_ += size;
    return true;
  }
  // False when there is none.
  bool take(TextOf<PATH_MAX> &path) {
    if (used_ == 0) return false;
    for (used_--; used_ > 0 && memory_.data()[used_ - 1] != 0;) used_--;
    path.clear();
    path.add(Str::of(memory_.data() + used_));
    return true;
  }

private:
  Pages memory_;
  size_t used_ = 0;
};

bool gives_rights(int dir, const char *name) {
  struct stat info;
  if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0)
    return false;
  if ((info.st_mode & (S_ISUID | S_ISGID)) != 0) return true;
  TextOf<320> path;
  path.add("/proc/self/fd/").add_signed(dir).add("/").add(name);
  return lgetxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

// False when there is no more room.
bool note(PrivilegedFiles &out, Str folder, const char *name) {
  size_t size = folder.size + 1 + strlen(name) + 1;
  if (out.size + size > sizeof out.paths) return false;
  Text text(out.paths + out.size, size);
  text.add(folder).add("/").add(name);
  out.paths[out.size + size - 1] = 0;
  out.size += static_cast<uint32_t>(size);
  return true;
}

} // namespace

void find_privileged(int root, PrivilegedFiles &out) {
  int64_t deadline = monotonic_milliseconds() + most_milliseconds;
  Pending pending;
  TextOf<PATH_MAX> folder;
  out.complete = pending.allocate();
  do {
    const char *path = folder.size() == 0 ? "." : folder.c_str() + 1;
    constexpr sys::OpenHow how{.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                               .mode = 0,
                               .resolve = sys::resolve_beneath | sys::resolve_no_symlinks | sys::resolve_no_xdev};
    Fd dir(sys::openat2(root, path, how));
    // Other file systems are those of mounts.
    if (!dir.valid()) continue;
    find_dirent(dir.get(), [&](const DirectoryEntry &entry) {
      if (entry.type == DT_DIR && !pending.add(folder.str(), entry.name)) out.complete = false;
      if (entry.type == DT_REG && gives_rights(dir.get(), entry.name) && !note(out, folder.str(), entry.name))
        out.complete = false;
      return monotonic_milliseconds() < deadline;
    });
    if (monotonic_milliseconds() >= deadline) out.complete = false;
  } while (monotonic_milliseconds() < deadline && pending.take(folder));
  __atomic_store_n(&out.done, true, __ATOMIC_RELEASE);
}

} // namespace veloci

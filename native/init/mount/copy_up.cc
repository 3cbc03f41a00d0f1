#include "init/mount/copy_up.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/path.h"

namespace veloci {
namespace {

constexpr size_t chunk = 1 << 20;

bool copy_directory(int from, int to, dev_t device, unsigned depth, Text &detail);

// Owner, mode and content are of what was opened: names may be exchanged meanwhile.
bool copy_file(int from, const char *name, int to) {
  Fd in(openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status;
  if (!in.valid() || fstat(in.get(), &status) < 0) return false;
  if (!S_ISREG(status.st_mode)) return errno = ESTALE, false;
  Fd out(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.valid()) return false;
  ssize_t count;
  do count = sendfile(out.get(), in.get(), nullptr, chunk);
  while (count > 0 || (count < 0 && errno == EINTR));
  timespec times[2] = {status.st_atim, status.st_mtim};
  return count == 0 && fchown(out.get(), status.st_uid, status.st_gid) == 0 &&
         fchmod(out.get(), status.st_mode & 07777) == 0 && futimens(out.get(), times) == 0;
}

bool copy_link(int link, const char *name, int to) {
  char target[path_max];
  ssize_t size = readlinkat(link, "", target, sizeof target);
  if (size < 0) return false;
  if (static_cast<size_t>(size) == sizeof target) return errno = ENAMETOOLONG, false;
  target[size] = 0;
  return symlinkat(target, to, name) == 0;
}

bool copy_entry(int from, const char *name, int to, dev_t device, unsigned depth, Text &detail) {
  Fd file(openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) < 0) return false;
  if (S_ISREG(status.st_mode)) return copy_file(from, name, to);
  if (S_ISSOCK(status.st_mode)) return true; // nobody listens on a copy
  if (S_ISDIR(status.st_mode)) {
    Fd source(openat(file.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!source.valid() || mkdirat(to, name, 0700) < 0) return false;
    Fd created(openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!created.valid()) return false;
    if (!copy_directory(source.get(), created.get(), device, depth + 1, detail)) return false;
  } else if (S_ISLNK(status.st_mode)) {
    if (!copy_link(file.get(), name, to)) return false;
  } else if (mknodat(to, name, status.st_mode, status.st_rdev) < 0) {
    return false;
  }
  if (fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0) return false;
  // What is made here nobody else can change: the file system is not mounted yet.
  if (!S_ISLNK(status.st_mode) && fchmodat(to, name, status.st_mode & 07777, 0) < 0) return false;
  timespec times[2] = {status.st_atim, status.st_mtim};
  return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

bool copy_directory(int from, int to, dev_t device, unsigned depth, Text &detail) {
  struct stat status;
  if (depth > copy_up_depth_max) return errno = EOVERFLOW, false;
  if (fstat(from, &status) < 0) return false;
  if (status.st_dev != device) return true;
  bool copied = true;
  // Up to 64 of these at a time.
  int err = find_dirent<2048>(from, [&](const DirectoryEntry &entry) {
    size_t before = detail.size();
    detail.add_char('/').add(entry.name);
    copied = copy_entry(from, entry.name, to, device, depth, detail);
    if (copied) detail.truncate(before);
    return copied;
  });
  if (err != 0) errno = err;
  return copied && err == 0;
}

} // namespace

bool copy_up(int root, Str path, int to, Text &detail) {
  detail.add(path);
  Fd from(open_in_root(root, path.c_str(), O_RDONLY | O_DIRECTORY));
  struct stat status;
  return from.valid() && fstat(from.get(), &status) == 0 && copy_directory(from.get(), to, status.st_dev, 0, detail);
}

} // namespace veloci

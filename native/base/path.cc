#include "base/path.h"

#include <sys/stat.h>

#include "base/io.h"
#include "base/sys.h"

namespace veloci {
namespace {

constexpr int retries = 128;  // of EAGAIN: something was renamed while the kernel resolved the path
constexpr int links_max = 40; // as the kernel's own limit
constexpr mode_t way_mode = 0755;

using Path = TextOf<path_max>;

int fail(int err) {
  errno = err;
  return -1;
}

// Offset of the last component, past which there is no slash but trailing ones; trailing slashes are cut off.
size_t split(Text &path) {
  size_t end = path.size();
  while (end > 0 && path.data()[end - 1] == '/') end--;
  path.truncate(end);
  size_t start = end;
  while (start > 0 && path.data()[start - 1] != '/') start--;
  return start;
}

bool plain(const char *name, size_t size) {
  if (size == 0 || size > name_max) return false;
  return !(name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')));
}

// Replaces the path by where the symbolic link `name` of the directory leads: `path[0..start)` is the directory,
// `rest` what comes after the link.
int splice_link(int dir, const char *name, Text &path, size_t start, Str rest) {
  char link[path_max];
  ssize_t size = readlinkat(dir, name, link, sizeof link);
  if (size < 0) return -1;
  if (size == 0 || static_cast<size_t>(size) == sizeof link) return fail(ENAMETOOLONG);
  Path next;
  if (link[0] != '/') next.add(path.data(), start);
  next.add(link, static_cast<size_t>(size)).add_char('/').add(rest);
  if (!next.complete()) return fail(ENAMETOOLONG);
  path.clear();
  path.add(next.str());
  return 0;
}

enum class Walk { done, again, failed };

int make_one(int dir, const char *name, Missing kind, mode_t mode) {
  if (kind == Missing::directory) return mkdirat(dir, name, mode);
  int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return -1;
  close(fd);
  return 0;
}

// Makes the components of the path from `start` on, one at a time, below `dir`.
Walk make_rest(Fd dir, Text &path, size_t start, Missing last, mode_t mode, Fd &out) {
  size_t offset = start;
  for (;;) {
    while (path.data()[offset] == '/') offset++;
    size_t end = offset;
    while (end < path.size() && path.data()[end] != '/') end++;
    if (!plain(path.data() + offset, end - offset)) {
      // What `..` leaves was made just now: the kernel can resolve it.
      if (path.data()[offset] == '.' && end - offset <= 2) return Walk::again;
      return fail(EINVAL), Walk::failed;
    }
    Name name;
    memcpy(name.text, path.data() + offset, end - offset);
    bool is_last = end == path.size();
    Missing kind = is_last ? last : Missing::directory;
    if (make_one(dir.get(), name.text, kind, is_last ? mode : way_mode) < 0 && errno != EEXIST) return Walk::failed;
    int type = kind == Missing::directory ? O_DIRECTORY : 0;
    Fd next(openat(dir.get(), name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC | type));
    struct stat status;
    bool link = next.valid() ? kind == Missing::file && fstat(next.get(), &status) == 0 && S_ISLNK(status.st_mode)
                             : errno == ENOTDIR || errno == ELOOP;
    if (link) {
      Path rest;
      rest.add(path.data() + end, path.size() - end);
      int saved = errno;
      if (splice_link(dir.get(), name.text, path, offset, rest.str()) == 0) return Walk::again;
      if (errno == EINVAL) errno = saved; // not a link: the first error is the useful one
      return Walk::failed;
    }
    if (!next.valid()) return Walk::failed;
    if (is_last) {
      out = static_cast<Fd &&>(next);
      return Walk::done;
    }
    dir = static_cast<Fd &&>(next);
    offset = end;
  }
}

} // namespace

int open_in_root(int root, const char *path, int flags, uint64_t resolve) {
  sys::OpenHow how = {
      .flags = static_cast<uint64_t>(flags | O_CLOEXEC),
      .mode = 0,
      .resolve = sys::resolve_in_root | sys::resolve_no_magiclinks | resolve,
  };
  for (int i = 0; i < retries; i++) {
    int fd = sys::openat2(root, path[0] ? path : ".", how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
  return -1;
}

int make_in_root(int root, Str wanted, Missing missing, mode_t mode) {
  int type = missing == Missing::directory ? O_DIRECTORY : 0;
  int fd = open_in_root(root, wanted.c_str(), O_PATH | type);
  if (fd >= 0 || errno != ENOENT || missing == Missing::error) return fd;
  Path path;
  path.add(wanted);
  if (!path.complete()) return fail(ENAMETOOLONG);
  for (int i = 0; i < links_max; i++) {
    // The deepest directory that is there, then what is missing below it.
    Path way;
    way.add(path.str());
    Fd dir;
    size_t start;
    do {
      start = split(way);
      way.truncate(start);
      dir.reset(open_in_root(root, start ? way.c_str() : "/", O_PATH | O_DIRECTORY));
      if (!dir.valid() && (errno != ENOENT || start == 0)) return -1;
    } while (!dir.valid());
    split(path);
    if (path.size() <= start) return open_in_root(root, path.c_str(), O_PATH | type);
    Fd created;
    switch (make_rest(static_cast<Fd &&>(dir), path, start, missing, mode, created)) {
    case Walk::done: return created.release();
    case Walk::failed: return -1;
    case Walk::again: break;
    }
    fd = open_in_root(root, path.c_str(), O_PATH | type);
    if (fd >= 0 || errno != ENOENT) return fd;
  }
  return fail(ELOOP);
}

int open_parent_in_root(int root, Str wanted, bool make, Name &name) {
  Path path;
  path.add(wanted);
  if (!path.complete()) return fail(ENAMETOOLONG);
  size_t start = split(path);
  size_t size = path.size() - start;
  if (!plain(path.data() + start, size)) return fail(size > name_max ? ENAMETOOLONG : EINVAL);
  memcpy(name.text, path.data() + start, size);
  name.text[size] = 0;
  path.truncate(start);
  Str parent = start ? path.str() : Str::of("/");
  if (make) return make_in_root(root, parent, Missing::directory, way_mode);
  return open_in_root(root, parent.c_str(), O_PATH | O_DIRECTORY);
}

uint64_t mount_id(int fd) {
  sys::Statx status = {};
  if (sys::statx(fd, "", sys::at_empty_path, sys::statx_mnt_id, status) < 0) return 0;
  return status.mask & sys::statx_mnt_id ? status.mnt_id : 0;
}

} // namespace veloci

#include "image/merge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "base/sys.h"
#include "image/attributes.h"
#include "image/tree.h"

namespace veloci {
namespace {

// Hides a path, or what is below a directory. What is not there needs no hiding, nor does what only a link would lead
// to.
bool hide(int root, char mark, Str path, ImageFault &fault) {
  TextOf<4096> parent;
  const char *slash = static_cast<const char *>(memrchr(path.data, '/', path.size));
  const char *name = slash == nullptr ? path.c_str() : slash + 1;
  if (mark == 'o')
    parent.add(path);
  else if (slash != nullptr)
    parent.add(path.data, static_cast<size_t>(slash - path.data));
  Fd directory = open_below(root, parent.c_str());
  if (!directory.valid()) {
    bool none = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    return none || fault.system("open a directory", errno, path);
  }
  int err = 0;
  // What is hidden goes without a trace in the directory.
  struct stat status;
  if (fstat(directory.get(), &status) != 0) return fault.system("look at a directory", errno, path);
  if (mark == 'w') {
    err = remove_tree(directory.get(), name);
  } else {
    for_each_entry(directory.get(), [&](const char *entry) {
      if (err == 0) err = remove_tree(directory.get(), entry);
    });
  }
  timespec times[2] = {{0, UTIME_OMIT}, status.st_mtim};
  if (err == 0 && futimens(directory.get(), times) != 0) err = errno;
  return err == 0 || fault.system("remove what is hidden", err, path);
}

int compare(const void *a, const void *b) {
  return strcmp(*static_cast<const char *const *>(a), *static_cast<const char *const *>(b));
}

class Merge {
public:
  explicit Merge(ImageFault &fault) : fault_(fault) {}
  ~Merge() { free(implied_); }

  bool prepare(Str marks);
  bool run(int root, int layer) { return directory(root, layer); }

private:
  bool is_implied() const;
  bool directory(int to, int from);
  bool entry(int to, int from, const char *name);
  bool move(int to, int from, const char *name);

  ImageFault &fault_;
  // The directories that the layer has no entry for, sorted.
  const char **implied_ = nullptr;
  size_t implied_count_ = 0;
  TextOf<4096> path_;
};

bool Merge::prepare(Str marks) {
  size_t count = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (const char *mark = marks.data, *end = marks.data + marks.size; mark < end; mark += strlen(mark) + 1) {
      if (*mark != 'i') continue;
      if (pass == 0)
        count++;
      else
        implied_[implied_count_++] = mark + 1;
    }
    if (pass == 0 && (implied_ = static_cast<const char **>(malloc((count + 1) * sizeof *implied_))) == nullptr)
      return fault_.system("reserve memory", ENOMEM);
  }
  qsort(implied_, implied_count_, sizeof *implied_, compare);
  return true;
}

bool Merge::is_implied() const {
  const char *path = path_.c_str();
  return bsearch(&path, implied_, implied_count_, sizeof *implied_, compare) != nullptr;
}

bool Merge::move(int to, int from, const char *name) {
  if (renameat(from, name, to, name) == 0) return true;
  struct stat status;
  // Of a user: a directory that its owner may not write to cannot get another parent.
  bool readable = errno == EACCES && fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
  if (!readable) return fault_.system("move", errno, path_.str());
  timespec times[2] = {{0, UTIME_OMIT}, status.st_mtim};
  fchmodat(from, name, status.st_mode | 0700, 0);
  if (renameat(from, name, to, name) != 0) return fault_.system("move", errno, path_.str());
  utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
  return fchmodat(to, name, status.st_mode & 07777, 0) == 0 || fault_.system("set a mode", errno, path_.str());
}

bool Merge::entry(int to, int from, const char *name) {
  struct stat upper, lower;
  if (fstatat(from, name, &upper, AT_SYMLINK_NOFOLLOW) != 0) return fault_.system("look at", errno, path_.str());
  if (fstatat(to, name, &lower, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? move(to, from, name) : fault_.system("look at", errno, path_.str());
  }
  if (S_ISDIR(upper.st_mode) && S_ISDIR(lower.st_mode)) {
    Fd above(openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    Fd below(openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!above.valid() || !below.valid()) return fault_.system("open a directory", errno, path_.str());
    return directory(above.get(), below.get());
  }
  // The layer has put something into a directory that is none below: others would follow a link here.
  if (S_ISDIR(upper.st_mode) && is_implied()) return fault_.set(ImageFault::Kind::through, "", path_.str());
  int err = remove_tree(to, name);
  return err == 0 ? move(to, from, name) : fault_.system("replace", err, path_.str());
}

bool Merge::directory(int to, int from) {
  struct stat before, upper;
  bool keep = is_implied();
  if (fstat(to, &before) != 0 || fstat(from, &upper) != 0)
    return fault_.system("look at a directory", errno, path_.str());
  // A user may write only where the mode says so; it is set below.
  if (geteuid() != 0 && (fchmod(to, 0700) != 0 || fchmod(from, 0700) != 0))
    return fault_.system("set a mode", errno, path_.str());
  size_t length = path_.size();
  for (bool any = true; any;) {
    any = false;
    bool ok = true;
    lseek(from, 0, SEEK_SET);
    int err = find_dirent<4096>(from, [&](const DirectoryEntry &dirent) {
      if (length > 0) path_.add_char('/');
      path_.add(static_cast<const char *>(dirent.name));
      ok = entry(to, from, dirent.name);
      // A directory that was merged is still there.
      if (ok && unlinkat(from, dirent.name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        ok = fault_.system("remove", errno, path_.str());
      path_.truncate(length);
      any = true;
      return ok;
    });
    if (!ok) return false;
    if (err != 0) return fault_.system("read a directory", err, path_.str());
  }
  if (!keep) return copy_attributes(to, from, upper, path_.str(), fault_);
  if (geteuid() != 0 && fchmod(to, before.st_mode & 07777) != 0) return fault_.system("set a mode", errno, path_.str());
  timespec times[2] = {{0, UTIME_OMIT}, before.st_mtim};
  return futimens(to, times) == 0 || fault_.system("set a time", errno, path_.str());
}

} // namespace

bool merge_layer(int root, int layer, Str marks, ImageFault &fault) {
  for (const char *mark = marks.data, *end = marks.data + marks.size; mark < end;) {
    Str path = Str::of(mark + 1);
    if ((*mark == 'w' || *mark == 'o') && !hide(root, *mark, path, fault)) return false;
    mark += path.size + 2;
  }
  Merge merge(fault);
  return merge.prepare(marks) && merge.run(root, layer);
}

} // namespace veloci

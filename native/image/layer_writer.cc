#include "image/layer_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/sys.h"

namespace veloci {
namespace {

constexpr char whiteout_prefix[] = ".wh.", own_prefix[] = ".wh..wh.", opaque_name[] = ".wh..wh..opq";
// Mode of a directory that has got its entry, until all are written.
constexpr mode_t unfinished = 01700;

bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

} // namespace

// An entry for a directory; its path follows, with a NUL behind it.
struct LayerWriter::Directory {
  TarTime mtime;
  uint32_t mode, size;

  static size_t step(size_t path) {
    return (sizeof(Directory) + path + alignof(Directory)) / alignof(Directory) * alignof(Directory);
  }
};

bool LayerWriter::mark(char what, Str path) {
  char letter[1] = {what};
  bool ok = marks_.add(letter, 1) && marks_.add(path.data, path.size) && marks_.add("", 1);
  return ok || fault_.system("note a mark", errno);
}

bool LayerWriter::map(const IdRange *ranges, size_t count, uint32_t id, uint32_t &out, const EntryPath &path) {
  out = id;
  if (count == 0) return true;
  for (size_t i = 0; i < count; i++) {
    if (id < ranges[i].inside || id - ranges[i].inside >= ranges[i].size) continue;
    out = ranges[i].outside + (id - ranges[i].inside);
    return true;
  }
  return fault_.archive("its owner has no place in the id mappings", path.text.str());
}

bool LayerWriter::refuse(const char *what, const EntryPath &path, int err) {
  if (err == EEXIST) return fault_.archive("the layer has this path twice", path.text.str());
  return fault_.system(what, err, path.text.str());
}

int LayerWriter::open_directory(Str path) {
  if (path.empty()) return openat(root_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  TextOf<4096> text;
  text.add(path);
  sys::OpenHow how{O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, sys::resolve_inside};
  for (int tries = 0;; tries++) {
    int fd = sys::openat2(root_, text.c_str(), how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == 128) return fd;
  }
}

// Directories on the way that the layer has no entry for.
bool LayerWriter::make_parents(const EntryPath &path) {
  Str parent = path.parent();
  Fd above(open_directory({}));
  if (!above.valid()) return fault_.system("open the layer's directory", errno);
  for (uint32_t i = 0; i < parent.size;) {
    uint32_t end = i;
    while (end < parent.size && parent.data[end] != '/') end++;
    TextOf<256> name;
    name.add(parent.data + i, end - i);
    bool is_new = mkdirat(above.get(), name.c_str(), 0755) == 0;
    if (!is_new && errno != EEXIST) return fault_.system("make a directory", errno, {parent.data, end});
    if (is_new && !mark('i', {parent.data, end})) return false;
    Fd below(openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below.valid()) {
      if (errno == ELOOP || errno == ENOTDIR)
        return fault_.archive("its path leads through something that is no directory", path.text.str());
      return fault_.system("open a directory", errno, {parent.data, end});
    }
    above = static_cast<Fd &&>(below);
    i = end + 1;
  }
  return true;
}

int LayerWriter::open_parent(const EntryPath &path) {
  Str parent = path.parent();
  if (parent_.valid() && parent == parent_path_.str()) return parent_.get();
  int fd = open_directory(parent);
  if (fd < 0 && errno == ENOENT) {
    if (!make_parents(path)) return -1;
    fd = open_directory(parent);
  }
  if (fd < 0) {
    if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV)
      fault_.archive("its path leads through something that is no directory", path.text.str());
    else
      fault_.system("open a directory", errno, path.text.str());
    return -1;
  }
  parent_.reset(fd);
  parent_path_.clear();
  parent_path_.add(parent);
  return fd;
}

bool LayerWriter::write(TarReader &tar) {
  if (!mark('i', {})) return false;
  for (bool end = false;;) {
    if (!tar.next(end)) return false;
    if (end) break;
    if (++entries_ > rules_.most_entries) return fault_.limit("it has too many entries");
    if (!take(tar)) return false;
  }
  parent_.reset();
  return finish_marks();
}

bool LayerWriter::take(TarReader &tar) {
  const TarEntry &entry = tar.entry();
  EntryPath path;
  if (!path.parse(entry.path.str(), fault_)) return false;
  if (path.is_root()) {
    if (entry.type != TarType::directory)
      return fault_.archive("the root of the layer is no directory", entry.path.str());
    return set_root(entry);
  }
  if (begins(path.name(), whiteout_prefix)) return whiteout(path, tar);
  // What AUFS has kept for itself lies below a directory of such a name.
  const char *inner =
      begins(path.text.c_str(), whiteout_prefix) ? path.text.c_str() : strstr(path.text.c_str(), "/.wh.");
  if (inner != nullptr) {
    if (begins(*inner == '/' ? inner + 1 : inner, own_prefix)) return true;
    return fault_.archive("it lies below a whiteout", path.text.str());
  }
  return make(path, tar);
}

bool LayerWriter::whiteout(const EntryPath &path, TarReader &tar) {
  const char *name = path.name();
  if (strcmp(name, opaque_name) == 0) {
    if (tar.entry().type != TarType::file) return fault_.archive("a whiteout is no file", path.text.str());
    // The directory is there, however little of it the layer has.
    return open_parent(path) >= 0 && mark('o', path.parent());
  }
  if (begins(name, own_prefix)) return true;
  const char *hidden = name + strlen(whiteout_prefix);
  if (*hidden == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
    return fault_.archive("a whiteout has no name", path.text.str());
  if (tar.entry().type != TarType::file) return fault_.archive("a whiteout is no file", path.text.str());
  TextOf<4096> target;
  target.add(path.text.data(), path.last).add(hidden);
  return open_parent(path) >= 0 && mark('w', target.str());
}

bool LayerWriter::make(const EntryPath &path, TarReader &tar) {
  const TarEntry &entry = tar.entry();
  int parent = open_parent(path);
  if (parent < 0) return false;
  switch (entry.type) {
  case TarType::file: return make_file(parent, path, tar);
  case TarType::directory: return make_directory(parent, path, entry);
  case TarType::hard_link: return make_link(parent, path, entry);
  case TarType::symlink:
    if (symlinkat(entry.link.c_str(), parent, path.name()) != 0) return refuse("make a symbolic link", path, errno);
    return own(parent, path, -1, entry) && set_times(parent, path, -1, entry);
  case TarType::fifo:
    if (mknodat(parent, path.name(), S_IFIFO | 0600, 0) != 0) return refuse("make a FIFO", path, errno);
    return own(parent, path, -1, entry) && set_times(parent, path, -1, entry);
  case TarType::character:
  case TarType::block: return make_device(parent, path, entry);
  }
  return false;
}

bool LayerWriter::make_file(int parent, const EntryPath &path, TarReader &tar) {
  const TarEntry &entry = tar.entry();
  Fd file(openat(parent, path.name(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return refuse("make a file", path, errno);
  for (Bytes part;;) {
    if (!tar.read(part)) return false;
    if (part.size == 0) break;
    if (int err = write_all(file.get(), part); err != 0) return fault_.system("write a file", err, path.text.str());
    bytes_ += part.size;
  }
  return own(parent, path, file.get(), entry) && set_times(parent, path, file.get(), entry);
}

bool LayerWriter::make_directory(int parent, const EntryPath &path, const TarEntry &entry) {
  if (mkdirat(parent, path.name(), 0755) != 0 && errno != EEXIST)
    return fault_.system("make a directory", errno, path.text.str());
  Fd directory(openat(parent, path.name(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return refuse("make a directory", path, errno == ENOTDIR || errno == ELOOP ? EEXIST : errno);
  return own(parent, path, directory.get(), entry) && note_directory(path, entry);
}

bool LayerWriter::set_root(const TarEntry &entry) {
  EntryPath path;
  Fd directory(open_directory({}));
  if (!directory.valid()) return fault_.system("open the layer's directory", errno);
  return own(root_, path, directory.get(), entry) && note_directory(path, entry);
}

bool LayerWriter::make_link(int parent, const EntryPath &path, const TarEntry &entry) {
  EntryPath target;
  if (!target.parse(entry.link.str(), fault_)) return false;
  if (target.is_root()) return fault_.archive("a hard link leads to a directory", path.text.str());
  Fd other;
  int from = parent;
  if (!(target.parent() == path.parent())) {
    other.reset(open_directory(target.parent()));
    if (!other.valid()) {
      bool system = errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EXDEV;
      return system ? fault_.system("open a directory", errno, target.text.str())
                    : fault_.archive("a hard link leads to something that the layer does not have", path.text.str());
    }
    from = other.get();
  }
  struct stat status;
  if (fstatat(from, target.name(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT)
      return fault_.archive("a hard link leads to something that the layer does not have", path.text.str());
    return fault_.system("look at a file", errno, target.text.str());
  }
  if (S_ISDIR(status.st_mode)) return fault_.archive("a hard link leads to a directory", path.text.str());
  // Not AT_SYMLINK_FOLLOW: a link to a symbolic link is one to itself.
  if (linkat(from, target.name(), parent, path.name(), 0) != 0) return refuse("make a hard link", path, errno);
  return true;
}

bool LayerWriter::make_device(int parent, const EntryPath &path, const TarEntry &entry) {
  bool character = entry.type == TarType::character;
  if (character && entry.major == 0 && entry.minor == 0)
    return fault_.archive("a device 0:0 would be a whiteout of overlay", path.text.str());
  bool allowed = rules_.any_device;
  for (size_t i = 0; i < rules_.device_count && character; i++)
    allowed = allowed || (rules_.devices[i].major == entry.major && rules_.devices[i].minor == entry.minor);
  if (!allowed) return fault_.archive("it is a device that --devices alone would allow", path.text.str());
  if (!rules_.privileged) {
    if (lost_.size() == 0) lost_.add(path.text.str()).add(": a user cannot make devices");
    return true;
  }
  mode_t type = character ? S_IFCHR : S_IFBLK;
  if (mknodat(parent, path.name(), type | 0600, makedev(entry.major, entry.minor)) != 0)
    return refuse("make a device", path, errno);
  return own(parent, path, -1, entry) && set_times(parent, path, -1, entry);
}

bool LayerWriter::note_directory(const EntryPath &path, const TarEntry &entry) {
  Str text = path.text.str();
  Directory directory{entry.mtime, entry.mode, text.size};
  size_t padding = Directory::step(text.size) - sizeof directory - text.size;
  bool ok = directories_.add(&directory, sizeof directory) && directories_.add(text.data, text.size) &&
            directories_.add("\0\0\0\0\0\0\0\0", padding) && offsets_.add(&last_directory_, sizeof last_directory_);
  last_directory_ += Directory::step(text.size);
  return ok || fault_.system("note a directory", errno);
}

// A directory that got an entry after all is none that the layer leaves to those below.
bool LayerWriter::finish_marks() {
  for (size_t offset = 0; offset < marks_.size();) {
    char *mark = reinterpret_cast<char *>(marks_.data()) + offset;
    Str path = Str::of(mark + 1);
    offset += path.size + 2;
    if (*mark != 'i') continue;
    Fd fd(open_directory(path));
    struct stat status;
    if (!fd.valid() || fstat(fd.get(), &status) != 0) return fault_.system("open a directory", errno, path);
    if ((status.st_mode & 07777) == unfinished) *mark = '-';
  }
  return true;
}

// Last, because each file that is is_new in a directory changes its time, and because a user may write only into those
// that allow it. The last ones come first: they lie below the others, and the last one of two about the same directory
// counts.
bool LayerWriter::finish() {
  auto *offsets = reinterpret_cast<const size_t *>(offsets_.data());
  for (size_t i = offsets_.size() / sizeof *offsets; i > 0; i--) {
    auto *directory = reinterpret_cast<const Directory *>(directories_.data() + offsets[i - 1]);
    Str path{reinterpret_cast<const char *>(directory + 1), directory->size};
    Fd fd(open_directory(path));
    struct stat status;
    if (!fd.valid() || fstat(fd.get(), &status) != 0) return fault_.system("open a directory", errno, path);
    if ((status.st_mode & 07777) != unfinished) continue;
    timespec times[2] = {{0, UTIME_OMIT}, {directory->mtime.seconds, static_cast<long>(directory->mtime.nanoseconds)}};
    if (futimens(fd.get(), times) != 0) return fault_.system("set the time of a directory", errno, path);
    if (fchmod(fd.get(), directory->mode) != 0) return fault_.system("set the mode of a directory", errno, path);
  }
  return true;
}

} // namespace veloci

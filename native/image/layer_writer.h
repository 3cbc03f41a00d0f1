// Writes the entries of a layer below a directory that is new and empty, and that nobody else can reach. No symbolic
// link is ever followed, neither one of the layer nor one of the host: each path is opened from that directory on with
// openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), and all that follows is done to descriptors.
#pragma once
#include "file/files.h"
#include "image/entry_path.h"
#include "image/tar.h"

namespace veloci {

// A range of ids: `size` from `inside` on become those from `outside` on.
struct IdRange {
  uint32_t inside, outside, size;
};

// Numbers of a character device.
struct DeviceNumbers {
  uint32_t major, minor;
};

struct LayerRules {
  // Owners: none = as they are.
  const IdRange *uids = nullptr, *gids = nullptr;
  size_t uid_count = 0, gid_count = 0;
  // Whether files get their owners, and devices are made: for a user they do not.
  bool privileged = false;
  // The character devices that are made; all, and block devices, with `any_device`.
  const DeviceNumbers *devices = nullptr;
  size_t device_count = 0;
  bool any_device = false;
  uint64_t most_entries = 0;
};

class LayerWriter {
public:
  LayerWriter(int root, const LayerRules &rules, ImageFault &fault) : root_(root), rules_(rules), fault_(fault) {}
  LayerWriter(const LayerWriter &) = delete;
  LayerWriter &operator=(const LayerWriter &) = delete;

  // Writes everything but the times and modes of directories. False with the fault.
  bool write(TarReader &tar);
  // Those, when nothing is written below any more.
  bool finish();

  // What the layer says about those below, and what it leaves to them: a letter and a path with a NUL behind it, each.
  //   w  the path is hidden
  //   o  all that is below this directory is hidden
  //   i  a directory that the layer has no entry for: its attributes are those of the one below
  //   -  nothing
  Str marks() const { return marks_.str(); }

  // What could not be kept and why, for a warning: extended attributes that the file system or the caller's rights do
  // not allow, devices. Empty when there is nothing.
  Str lost() const { return lost_.str(); }
  uint64_t bytes() const { return bytes_; }
  uint64_t entries() const { return entries_; }

private:
  struct Directory;

  bool take(TarReader &tar);
  bool whiteout(const EntryPath &path, TarReader &tar);
  bool make(const EntryPath &path, TarReader &tar);
  bool make_file(int parent, const EntryPath &path, TarReader &tar);
  bool make_directory(int parent, const EntryPath &path, const TarEntry &entry);
  bool make_link(int parent, const EntryPath &path, const TarEntry &entry);
  bool make_device(int parent, const EntryPath &path, const TarEntry &entry);
  bool set_root(const TarEntry &entry);
  // Owner and extended attributes of what is no directory and no file by its name in a directory, else of a descriptor.
  bool own(int parent, const EntryPath &path, int fd, const TarEntry &entry);
  bool set_attributes(int parent, const EntryPath &path, int fd, const TarEntry &entry);
  bool set_attribute(int parent, const EntryPath &path, int fd, Str name, Bytes value);
  bool set_times(int parent, const EntryPath &path, int fd, const TarEntry &entry);
  bool finish_marks();
  bool note_directory(const EntryPath &path, const TarEntry &entry);
  int open_directory(Str path);
  int open_parent(const EntryPath &path);
  bool make_parents(const EntryPath &path);
  bool mark(char what, Str path);
  bool map(const IdRange *ranges, size_t count, uint32_t id, uint32_t &out, const EntryPath &path);
  bool refuse(const char *what, const EntryPath &path, int err);

  int root_;
  const LayerRules &rules_;
  ImageFault &fault_;
  // The directory that was opened last.
  Fd parent_;
  TextOf<4096> parent_path_;
  Buffer marks_, directories_, offsets_;
  size_t last_directory_ = 0;
  uint64_t entries_ = 0, bytes_ = 0;
  TextOf<512> lost_;
};

} // namespace veloci

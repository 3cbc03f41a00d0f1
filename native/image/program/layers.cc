#include "image/program/layers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "image/overlay_marks.h"
#include "image/tree.h"

namespace veloci {
namespace {

using FileName = TextOf<128>;

FileName name_of(Str key, const char *suffix) {
  FileName name;
  name.add(key).add(suffix);
  return name;
}

// A directory of ours that others can neither write to nor, with `secret`, enter.
int open_own(int parent, const char *path, bool secret, Fd &out) {
  if (mkdirat(parent, path, 0700) != 0 && errno != EEXIST) return errno;
  out.reset(openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!out.valid() || fstat(out.get(), &status) != 0) return errno;
  if (status.st_uid != geteuid()) return EPERM;
  // Programs of images have setuid bits that are not for the users of this host.
  if (secret && (status.st_mode & 077) != 0 && fchmod(out.get(), 0700) != 0) return errno;
  return !secret && (status.st_mode & 022) != 0 ? EACCES : 0;
}

} // namespace

int LayerStore::open(const char *path, const char *form) {
  // All but the last one may be made for others as well.
  TextOf<4096> part;
  for (const char *cursor = path; *cursor != 0; cursor++) {
    if (*cursor == '/' && part.size() > 0 && mkdir(part.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS &&
        errno != EACCES)
      return errno;
    part.add_char(*cursor);
  }
  if (!part.complete()) return ENAMETOOLONG;
  Fd cache;
  if (int err = open_own(AT_FDCWD, part.c_str(), false, cache); err != 0) return err;
  return open_own(cache.get(), form, true, fd_);
}

int LayerStore::open_in(int directory, const char *name) { return open_own(directory, name, true, fd_); }

bool LayerStore::has(Str key) const {
  struct stat status;
  return fstatat(fd_.get(), name_of(key, "").c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int LayerStore::lock(Str key, bool wait, Fd &lock) {
  lock.reset(openat(fd_.get(), name_of(key, ".lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno;
  while (flock(lock.get(), LOCK_EX | (wait ? 0 : LOCK_NB)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool LayerStore::make(const LayerWish &wish, const LayerRules &rules, const DecodeLimit &limit, bool overlay,
                      Text &lost, ImageFault &fault) {
  Str key = wish.key;
  Fd held;
  if (int err = lock(key, true, held); err != 0) return fault.system("lock", err, wish.name);
  if (has(key)) return true;
  FileName draft = name_of(key, ".tmp");
  if (int err = remove_tree(fd_.get(), draft.c_str()); err != 0)
    return fault.system("remove what was left of", err, wish.name);
  if (write(wish, rules, limit, overlay, lost, fault)) return true;
  remove_tree(fd_.get(), draft.c_str());
  return false;
}

bool LayerStore::write(const LayerWish &wish, const LayerRules &rules, const DecodeLimit &limit, bool overlay,
                       Text &lost, ImageFault &fault) {
  Str key = wish.key;
  FileName draft = name_of(key, ".tmp"), final_name = name_of(key, ""), notes = name_of(key, ".marks");
  if (mkdirat(fd_.get(), draft.c_str(), 0755) != 0) return fault.system("make the directory of", errno, wish.name);
  Fd root(openat(fd_.get(), draft.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return fault.system("open the directory of", errno, wish.name);
  BlobStream stream(fault);
  if (!stream.start(wish.blob, limit)) return false;
  TarReader tar(stream, fault);
  LayerWriter writer(root.get(), rules, fault);
  if (!writer.write(tar)) {
    // A wrong digest explains whatever else is wrong.
    stream.explain();
    return false;
  }
  if (!stream.finish()) return false;
  if (overlay && !write_overlay_marks(root.get(), writer.marks(), rules.privileged, fault)) return false;
  if (!writer.finish()) return false;
  lost.add(writer.lost());
  Str marks = writer.marks();
  int step;
  int err =
      replace_file(fd_.get(), notes.c_str(), {reinterpret_cast<const uint8_t *>(marks.data), marks.size}, 0600, step);
  if (err != 0) return fault.system("keep the marks of", err, wish.name);
  if (renameat(fd_.get(), draft.c_str(), fd_.get(), final_name.c_str()) != 0)
    return fault.system("keep", errno, wish.name);
  return true;
}

void LayerStore::drop(Str key) {
  Fd held;
  if (lock(key, false, held) != 0) return;
  remove_tree(fd_.get(), name_of(key, ".tmp").c_str());
}

void LayerStore::sweep() {
  Fd list(openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!list.valid()) return;
  for_each_entry(list.get(), [&](const char *name) {
    Str text = Str::of(name);
    constexpr uint32_t suffix = 4;
    if (text.size != Sha256::hex_size + suffix || strcmp(name + Sha256::hex_size, ".tmp") != 0) return;
    drop({name, Sha256::hex_size});
  });
}

} // namespace veloci

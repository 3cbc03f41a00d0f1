#include "image/program/image_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "image/entry_path.h"
#include "image/tar.h"

namespace veloci {

// Name and target of a symbolic link (empty for a file) follow, each with a NUL behind it.
struct ImageFiles::Member {
  uint64_t offset, size;
  uint32_t name, link;

  const char *name_text() const { return reinterpret_cast<const char *>(this + 1); }
  const char *link_text() const { return name_text() + name + 1; }
  size_t step() const {
    return (sizeof *this + name + link + 2 + alignof(Member) - 1) / alignof(Member) * alignof(Member);
  }
};

namespace {

constexpr size_t most_members = 100000;

// An archive, whose members are not read while it is listed.
class FileSource : public ByteSource {
public:
  FileSource(int fd, uint64_t size, ImageFault &fault) : fd_(fd), size_(size), fault_(fault) {}
  bool next(Bytes &part) override {
    size_t count = size_ - offset_ < sizeof memory_ ? static_cast<size_t>(size_ - offset_) : sizeof memory_;
    part = {memory_, 0};
    if (count == 0) return true;
    ssize_t got = pread(fd_, memory_, count, static_cast<off_t>(offset_));
    if (got < 0) return fault_.system("read the image", errno);
    offset_ += static_cast<uint64_t>(got);
    part.size = static_cast<size_t>(got);
    return true;
  }
  bool pass(uint64_t size) override {
    if (size > size_ - offset_) return false;
    offset_ += size;
    return true;
  }

private:
  int fd_;
  uint64_t size_, offset_ = 0;
  ImageFault &fault_;
  uint8_t memory_[4096];
};

} // namespace

int ImageFiles::open(const char *path) { return adopt(Fd(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY))); }

int ImageFiles::adopt(Fd file) {
  fd_ = static_cast<Fd &&>(file);
  struct stat status;
  if (!fd_.valid() || fstat(fd_.get(), &status) != 0) return errno;
  directory_ = S_ISDIR(status.st_mode);
  size_ = static_cast<uint64_t>(status.st_size);
  return directory_ || S_ISREG(status.st_mode) ? 0 : EINVAL;
}

bool ImageFiles::list(ImageFault &fault) {
  if (directory_) return true;
  FileSource source(fd_.get(), size_, fault);
  TarReader tar(source, fault);
  for (bool end = false;;) {
    if (!tar.next(end)) return false;
    if (end) return true;
    const TarEntry &entry = tar.entry();
    EntryPath path;
    if (!path.parse(entry.path.str(), fault)) return false;
    if (entry.type == TarType::directory) continue;
    if (entry.type != TarType::file && entry.type != TarType::symlink)
      return fault.archive("a member is neither a file nor a link", path.text.str());
    if (++count_ > most_members) return fault.limit("it has too many members");
    Str link = entry.type == TarType::symlink ? entry.link.str() : Str{};
    Member member{tar.position(), entry.size, static_cast<uint32_t>(path.text.size()), link.size};
    size_t used = sizeof member + member.name + member.link + 2;
    bool ok = members_.add(&member, sizeof member) && members_.add(path.text.c_str(), member.name + 1) &&
              members_.add(link.data, link.size) && members_.add("", 1) &&
              members_.add("\0\0\0\0\0\0\0\0", member.step() - used);
    if (!ok) return fault.system("list the members", errno);
  }
}

const ImageFiles::Member *ImageFiles::member(Str name, bool &twice) const {
  const Member *result = nullptr;
  twice = false;
  const uint8_t *cursor = members_.bytes().data;
  for (size_t i = 0; i < count_; i++) {
    auto *member = reinterpret_cast<const Member *>(cursor);
    cursor += member->step();
    if (!(Str{member->name_text(), member->name} == name)) continue;
    twice = result != nullptr;
    result = member;
  }
  return result;
}

int ImageFiles::find(Str name, Blob &blob, Fd &owned) {
  if (directory_) {
    sys::OpenHow how{O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0,
                     sys::resolve_beneath | sys::resolve_no_magiclinks};
    owned.reset(sys::openat2(fd_.get(), name.c_str(), how));
    struct stat status;
    if (!owned.valid() || fstat(owned.get(), &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EINVAL;
    blob.fd = owned.get();
    blob.offset = 0;
    blob.size = static_cast<uint64_t>(status.st_size);
    return 0;
  }
  ImageFault unused;
  EntryPath path;
  if (!path.parse(name, unused)) return EINVAL;
  bool twice;
  const Member *result = member(path.text.str(), twice);
  // Docker writes a layer that an image has twice as a link beside it: ../ID/layer.tar.
  if (result != nullptr && result->link > 0) {
    TextOf<4096> target;
    const char *link = result->link_text();
    Str folder = path.parent();
    for (; strncmp(link, "../", 3) == 0; link += 3) {
      const void *slash = memrchr(folder.data, '/', folder.size);
      if (folder.empty()) return EINVAL;
      folder.size = slash == nullptr ? 0 : static_cast<uint32_t>(static_cast<const char *>(slash) - folder.data);
    }
    target.add(folder);
    if (folder.size > 0) target.add_char('/');
    target.add(link);
    result = member(target.str(), twice);
  }
  if (result == nullptr) return ENOENT;
  if (twice) return EEXIST;
  if (result->link > 0) return EINVAL;
  blob.fd = fd_.get();
  blob.offset = result->offset;
  blob.size = result->size;
  return 0;
}

} // namespace veloci

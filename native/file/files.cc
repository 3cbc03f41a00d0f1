#include "file/files.h"
#include "base/clock.h"
#include "base/io.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace veloci {

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  if (this == &other) return *this;
  free();
  data_ = other.data_;
  size_ = other.size_;
  mapped_ = other.mapped_;
  other.data_ = nullptr;
  other.size_ = other.mapped_ = 0;
  return *this;
}

bool Buffer::reserve(size_t capacity) {
  free();
  void *memory = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  data_ = static_cast<uint8_t *>(memory);
  mapped_ = capacity;
  return true;
}

bool Buffer::grow(size_t capacity) {
  if (capacity <= mapped_) return true;
  // Often twice as much, seldom a copy.
  if (capacity < 2 * mapped_) capacity = 2 * mapped_;
  Buffer larger;
  if (!larger.reserve(capacity)) return false;
  if (size_ > 0) memcpy(larger.data_, data_, size_);
  larger.size_ = size_;
  *this = static_cast<Buffer &&>(larger);
  return true;
}

bool Buffer::add(const void *bytes, size_t size) {
  constexpr size_t least = 4096;
  if (size_ + size > mapped_ && !grow(size_ + size < least ? least : 2 * (size_ + size))) return false;
  memcpy(data_ + size_, bytes, size);
  size_ += size;
  return true;
}

void Buffer::free() {
  if (mapped_ != 0) munmap(data_, mapped_);
  data_ = nullptr;
  size_ = mapped_ = 0;
}

int read_all(int fd, size_t limit, Buffer &out, Signals *signals, int milliseconds) {
  struct stat info;
  if (fstat(fd, &info) != 0) return errno;
  size_t expected = S_ISREG(info.st_mode) ? static_cast<size_t>(info.st_size) : 65536;
  if (expected > limit) return EFBIG;
  // The kernel's own files say that they are empty.
  constexpr size_t least = 4094;
  if (expected < least) expected = least;
  // One byte more than the file has, to see its end, and one for the NUL.
  if (!out.reserve(expected + 2)) return errno;
  for (;;) {
    size_t room = out.capacity() - 1 - out.size();
    if (room == 0) {
      if (!out.grow(out.capacity() * 2)) return errno;
      continue;
    }
    if (int err = await_readable(fd, signals, milliseconds); err != 0) return err;
    ssize_t count = ::read(fd, out.data() + out.size(), room);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    out.set_size(out.size() + static_cast<size_t>(count));
    if (out.size() > limit) return EFBIG;
  }
}

int read_file(int dir, const char *name, size_t limit, int flags, Buffer &out) {
  Fd file(openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  if (!file.valid()) return errno;
  struct stat info;
  if (fstat(file.get(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  return read_all(file.get(), limit, out);
}

int write_all(int fd, Bytes bytes) { return write_all(fd, bytes.data, bytes.size) ? 0 : errno; }

int create_file(int dir, const char *name, Bytes bytes, mode_t mode) {
  Fd file(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.valid()) return errno;
  if (int err = write_all(file.get(), bytes); err != 0) {
    unlinkat(dir, name, 0);
    return err;
  }
  return 0;
}

namespace {

// Makes a new file next to `name`, which may have folders in it. Its name has the time in it: another process that
// writes the same file at the same moment must have one of its own, or it would be moved into place half written.
int make_temporary(int dir, const char *name, mode_t mode, Text &temporary) {
  const char *slash = strrchr(name, '/');
  const char *base = slash != nullptr ? slash + 1 : name;
  constexpr int tries = 16;
  for (int i = 0; i < tries; i++) {
    temporary.clear();
    temporary.add(name, static_cast<size_t>(base - name)).add(".veloci-");
    temporary.add_number(static_cast<uint64_t>(nanoseconds_of(CLOCK_MONOTONIC))).add(".tmp");
    if (!temporary.complete()) return errno = ENAMETOOLONG, -1;
    int fd = openat(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// Whether there is something at a path of our caller that a file must not take the place of: a device, a FIFO, a
// socket, also by a link (/dev/stdout).
bool is_irreplaceable(const char *path) {
  struct stat info;
  char target[8];
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return true;
  return readlink(path, target, sizeof target) >= 6 && memcmp(target, "/proc/", 6) == 0;
}

} // namespace

Replacement::~Replacement() {
  if (name_ != nullptr) unlinkat(dir_, temporary_.c_str(), 0);
}

int Replacement::prepare(int dir, const char *name, Bytes bytes, mode_t mode, int &step, const struct stat *like) {
  step = 0;
  if (dir == AT_FDCWD && is_irreplaceable(name)) return EEXIST;
  Fd file(make_temporary(dir, name, mode, temporary_));
  if (!file.valid()) return errno;
  dir_ = dir;
  name_ = name;
  step = 1;
  if (like != nullptr) {
    if (fchown(file.get(), like->st_uid, like->st_gid) != 0) return errno;
    if (fchmod(file.get(), like->st_mode & 07777) != 0) return errno;
  }
  return veloci::write_all(file.get(), bytes);
}

int Replacement::commit(int &step) {
  step = 2;
  if (renameat(dir_, temporary_.c_str(), dir_, name_) != 0) return errno;
  name_ = nullptr;
  return 0;
}

int sync_file(int fd) { return fsync(fd) == 0 ? 0 : errno; }

int replace_file(int dir, const char *name, Bytes bytes, mode_t mode, int &step) {
  Replacement file;
  int err = file.prepare(dir, name, bytes, mode, step);
  return err == 0 ? file.commit(step) : err;
}

} // namespace veloci

// Files of the state directory: read bounded, written by a temporary name and a rename.
#pragma once
#include <sys/stat.h>
#include "base/io.h"
#include "base/types.h"
#include "wait/interrupt.h"
#include <sys/types.h>

namespace veloci {

// Bytes in memory of their own (mmap), unmapped at the end.
class Buffer {
public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  Buffer(Buffer &&other) noexcept : data_(other.data_), size_(other.size_), mapped_(other.mapped_) {
    other.data_ = nullptr;
    other.size_ = other.mapped_ = 0;
  }
  Buffer &operator=(Buffer &&other) noexcept;
  ~Buffer() { free(); }

  // Room for `capacity` bytes, zeroed; false with errno set when there is no memory.
  bool reserve(size_t capacity);
  // More room, with what is there. False with errno set when there is no memory.
  bool grow(size_t capacity);
  // Puts bytes behind what is there, with more room where it is needed.
  bool add(const void *bytes, size_t size);
  void free();
  void set_size(size_t size) { size_ = size; }

  uint8_t *data() { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return mapped_; }
  Bytes bytes() const { return {data_, size_}; }
  Str str() const { return {reinterpret_cast<const char *>(data_), static_cast<uint32_t>(size_)}; }

private:
  uint8_t *data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
};

// Reads a regular file (never a FIFO or a device: opened O_NONBLOCK | O_NOCTTY) of at most `limit` bytes.
// A NUL follows the bytes. `flags` are added to those of openat(2), as O_NOFOLLOW for the state directory.
// Returns 0 or an errno: EFBIG for a longer file, EINVAL for one that is not regular.
int read_file(int dir, const char *name, size_t limit, int flags, Buffer &out);

// The same from a descriptor that is open already, to its end; for pipes too. With `signals` EINTR when one of them
// asks us to stop, however long a pipe keeps us waiting, and ETIMEDOUT when nothing comes for that many milliseconds
// (-1 = never).
int read_all(int fd, size_t limit, Buffer &out, Signals *signals = nullptr, int milliseconds = -1);

// Writes all bytes; returns 0 or an errno.
int write_all(int fd, Bytes bytes);

// A file that is written beside the one that it shall replace: what can fail has failed before it is put in its place.
class Replacement {
public:
  Replacement() = default;
  Replacement(const Replacement &) = delete;
  Replacement &operator=(const Replacement &) = delete;
  // Takes back what was not put in its place.
  ~Replacement();
  // Writes it; `name` must live on. 0 or an errno; `step` as of replace_file. `like`: the file gets this owner and
  // mode.
  int prepare(int dir, const char *name, Bytes bytes, mode_t mode, int &step, const struct stat *like = nullptr);
  // Puts it in its place.
  int commit(int &step);
  // Where it is meanwhile.
  Str temporary() const { return temporary_.str(); }

private:
  int dir_ = -1;
  const char *name_ = nullptr;
  TextOf<4096> temporary_;
};

// Creates `name` (mode `mode`) with these bytes by a temporary file `.veloci-NUMBER.tmp` beside it and a
// rename (EEXIST where a path of the caller is a device, FIFO or socket): whoever reads it sees all of the old bytes or
// all of the new ones, also when several write it at once. Returns 0 or an errno; `step` says where: 0 open, 1 write, 2
// rename.
int replace_file(int dir, const char *name, Bytes bytes, mode_t mode, int &step);

// Waits until what was written is on the disk: a file, or the names in a directory. 0 or an errno.
int sync_file(int fd);

// Creates a new file (O_EXCL) with these bytes. Returns 0 or an errno.
int create_file(int dir, const char *name, Bytes bytes, mode_t mode);

} // namespace veloci

// Views, descriptors and outcomes: the vocabulary of all native parts. No allocation, no exceptions.
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

namespace veloci {

// A text inside a buffer that somebody else owns. `data[size]` is a NUL, so that it is a C string too.
struct Str {
  const char *data = "";
  uint32_t size = 0;

  const char *c_str() const { return data; }
  bool empty() const { return size == 0; }
  bool operator==(const Str &other) const { return size == other.size && memcmp(data, other.data, size) == 0; }
  static Str of(const char *text) { return {text, static_cast<uint32_t>(strlen(text))}; }
};

// Bytes inside a buffer that somebody else owns.
struct Bytes {
  const uint8_t *data = nullptr;
  size_t size = 0;
};

// A value that may be absent.
template <class T> struct Optional {
  bool present = false;
  T value{};
  explicit operator bool() const { return present; }
};

// Owner of a file descriptor.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd &&other) noexcept : fd_(other.release()) {}
  Fd &operator=(Fd &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

private:
  int fd_ = -1;
};

// How an operation ended: `err` is 0 or an errno; `step` says at which of the operation's x-steps it failed.
struct Outcome {
  int step = 0;
  int err = 0;

  bool ok() const { return err == 0; }
  static Outcome success() { return {}; }
  // The step's failure with the errno of the call that has just failed.
  static Outcome failed(int step) { return {step, errno ? errno : EIO}; }
  static Outcome failed(int step, int err) { return {step, err}; }
};

} // namespace veloci

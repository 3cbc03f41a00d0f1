#include "launcher/call/tail.h"
#include <fcntl.h>
#include <string.h>

namespace veloci {

int read_tail(Str path, size_t most, Buffer &out) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  if (!out.reserve(most + 1)) return errno;
  off_t length = static_cast<off_t>(most);
  off_t begin = status.st_size > length ? status.st_size - length : 0;
  ssize_t size = pread(file.get(), out.data(), most, begin);
  if (size < 0) return errno;
  out.set_size(static_cast<size_t>(size));
  if (begin == 0) return 0;
  // The first line is cut.
  const void *end = memchr(out.data(), '\n', out.size());
  size_t cut = end == nullptr ? out.size() : static_cast<size_t>(static_cast<const uint8_t *>(end) - out.data()) + 1;
  __builtin_memmove(out.data(), out.data() + cut, out.size() - cut);
  out.set_size(out.size() - cut);
  return 0;
}

} // namespace veloci

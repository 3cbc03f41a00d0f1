#include "host/text.h"

#include <fcntl.h>

namespace veloci {

ssize_t read_text(int dir_fd, const char *path, char *buffer, size_t capacity) {
  Fd file(openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.valid()) return -errno;
  size_t size = 0;
  while (size < capacity - 1) {
    ssize_t count = read(file.get(), buffer + size, capacity - 1 - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  buffer[size] = '\0';
  return static_cast<ssize_t>(size);
}

bool parse_u32(Slice text, uint32_t &value) {
  if (text.empty() || text.size() > 10) return false;
  uint64_t result = 0;
  for (const char *cursor = text.begin; cursor < text.end; cursor++) {
    if (*cursor < '0' || *cursor > '9') return false;
    result = result * 10 + static_cast<uint64_t>(*cursor - '0');
  }
  if (result > UINT32_MAX) return false;
  value = static_cast<uint32_t>(result);
  return true;
}

} // namespace veloci

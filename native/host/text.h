// Reading small files of procfs and the like, and numbers in them.
#pragma once
#include "base/slice.h"

namespace veloci {

// Reads a file, at most `capacity` - 1 bytes of it, and puts a NUL behind. Returns the size, or -errno.
ssize_t read_text(int dir_fd, const char *path, char *buffer, size_t capacity);

// Parses a decimal number without a sign that fills the slice; false on anything else and above UINT32_MAX.
bool parse_u32(Slice text, uint32_t &value);

} // namespace veloci

// Reading a directory without an allocation.
#pragma once
#include "base/types.h"
#include <fcntl.h>
#include <sys/syscall.h>

namespace veloci {

// Calls visit(const char *name) for each entry of the directory but `.` and `..`. The descriptor's position moves.
// Returns 0 or an errno.
template <class Visit> int for_each_entry(int dir, Visit visit) {
  struct Entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[1];
  };
  alignas(Entry) char buffer[8192];
  for (;;) {
    long count = syscall(SYS_getdents64, dir, buffer, sizeof buffer);
    if (count < 0) return errno;
    if (count == 0) return 0;
    for (long at = 0; at < count;) {
      auto *entry = reinterpret_cast<const Entry *>(buffer + at);
      const char *name = buffer + at + offsetof(Entry, name);
      at += entry->length;
      if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) visit(name);
    }
  }
}

} // namespace veloci

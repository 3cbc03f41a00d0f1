// Reading a directory without an allocation, and keeping one small.
#pragma once
#include "base/types.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace veloci {

// What getdents64(2) gives.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type; // DT_*
  char name[1];
};

// Calls visit(const DirectoryEntry &) for each entry of the directory but `.` and `..`, until one returns false. The
// descriptor's position moves. Returns 0 or an errno. `room` is taken from the stack.
template <size_t room = 8192, class Visit> int find_dirent(int dir, Visit visit) {
  alignas(DirectoryEntry) char buffer[room];
  for (;;) {
    long count = syscall(SYS_getdents64, dir, buffer, sizeof buffer);
    if (count < 0) return errno;
    if (count == 0) return 0;
    for (long offset = 0; offset < count;) {
      auto *entry = reinterpret_cast<const DirectoryEntry *>(buffer + offset);
      offset += entry->length;
      if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0 && !visit(*entry)) return 0;
    }
  }
}

// The same for all of them.
template <class Visit> int for_each_dirent(int dir, Visit visit) {
  return find_dirent(dir, [&](const DirectoryEntry &entry) {
    visit(entry);
    return true;
  });
}

// Calls visit(const char *name) for each entry of the directory but `.` and `..`, in the same way.
template <class Visit> int for_each_entry(int dir, Visit visit) {
  return for_each_dirent(dir, [&](const DirectoryEntry &entry) { visit(static_cast<const char *>(entry.name)); });
}

// Unlinks the file of the directory that was changed the longest time ago, when more than `most` have a name that
// `accept` takes. Errors are passed over.
template <class Accept> void remove_oldest(int dir, uint32_t most, Accept accept) {
  char oldest[256] = "";
  int64_t oldest_time = INT64_MAX;
  uint32_t count = 0;
  lseek(dir, 0, SEEK_SET);
  for_each_entry(dir, [&](const char *name) {
    struct stat info;
    if (!accept(name) || fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || strlen(name) >= sizeof oldest) return;
    count++;
    int64_t time = static_cast<int64_t>(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
    if (time >= oldest_time) return;
    oldest_time = time;
    strcpy(oldest, name);
  });
  if (count > most) unlinkat(dir, oldest, 0);
}

} // namespace veloci

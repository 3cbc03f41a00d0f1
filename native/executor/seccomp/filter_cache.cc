// The cache of compiled seccomp filters in the state root: ROOT/.cache/seccomp/HASH.
#include "executor/seccomp/filter_cache.h"
#include "base/io.h"
#include "base/sys.h"
#include "executor/directory.h"
#include "executor/state/files.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>

namespace veloci {

namespace {

// Filters that are kept; a host has few different profiles.
constexpr uint32_t cache_max = 64;

// Opens ROOT/.cache/seccomp, making it. -1 and errno on failure.
int open_cache(int root) {
  int above = root;
  Fd held;
  for (const char *name : {".cache", "seccomp"}) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(above, name, flags);
    if (fd < 0 && errno == ENOENT) {
      if (mkdirat(above, name, 0700) != 0 && errno != EEXIST) return -1;
      fd = openat(above, name, flags);
    }
    if (fd < 0) return -1;
    held.reset(fd);
    above = fd;
  }
  return held.release();
}

bool is_hash(Str name) { return name.size == 64 && strspn(name.c_str(), "0123456789abcdef") == 64; }

// The program in a memfd, when it can't be stored.
Outcome in_memory(Bytes program, Fd &slot) {
  slot.reset(sys::memfd_create("veloci-filter", sys::memfd_cloexec));
  if (!slot.valid() || !write_all(slot.get(), program.data, program.size) || lseek(slot.get(), 0, SEEK_SET) != 0) {
    return Outcome::failed(step::filter_open::create);
  }
  return {};
}

// Opens a filter of the cache; false when it is not there or is not one of ours.
bool open_cached(int cache, const char *name, Fd &slot) {
  Fd file(openat(cache, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return false;
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_size == 0 || info.st_size % 8 != 0) return false;
  // Its place among the last used; a failure costs at most that.
  futimens(file.get(), nullptr);
  slot = static_cast<Fd &&>(file);
  return true;
}

} // namespace

bool filter_cached(int root, Str hash) {
  Fd cache(root >= 0 ? open_cache(root) : -1);
  Fd filter;
  return is_hash(hash) && cache.valid() && open_cached(cache.get(), hash.c_str(), filter);
}

Outcome open_filter(int root, const FilterOpen &op, Fd &filter) {
  if (!is_hash(op.hash)) return Outcome::failed(step::filter_open::open, EINVAL);
  Fd cache(root >= 0 ? open_cache(root) : -1);
  if (cache.valid() && open_cached(cache.get(), op.hash.c_str(), filter)) return {};
  if (!op.program) return Outcome::failed(step::filter_open::open, ENOENT);
  int at = 0;
  if (!cache.valid() || replace_file(cache.get(), op.hash.c_str(), op.program.value, 0600, at) != 0) {
    return in_memory(op.program.value, filter);
  }
  remove_oldest(cache.get(), cache_max, [](const char *) { return true; });
  if (open_cached(cache.get(), op.hash.c_str(), filter)) return {};
  return in_memory(op.program.value, filter);
}

} // namespace veloci

// The cache of compiled seccomp filters in the state root: ROOT/.cache/seccomp/PROFILE-PROGRAM, the SHA-256 of both.
#include "executor/seccomp/filter_cache.h"
#include "base/io.h"
#include "base/sys.h"
#include "base/directory.h"
#include "file/files.h"
#include "host/sha256.h"
#include <fcntl.h>
#include <initializer_list>
#include <linux/filter.h>
#include <sys/mman.h>
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

constexpr size_t name_size = 2 * Sha256::hex_size + 1;

bool is_name(Str name) {
  constexpr size_t half = Sha256::hex_size;
  return name.size == name_size && name.data[half] == '-' && is_digest({name.data, half}) &&
         is_digest({name.data + half + 1, half});
}

// A file as memory, for as long as this lives.
struct Mapping {
  Mapping(int fd, size_t length) : memory(mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd, 0)), size(length) {}
  ~Mapping() {
    if (valid()) munmap(memory, size);
  }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  bool valid() const { return memory != MAP_FAILED; }
  Bytes bytes() const { return {static_cast<const uint8_t *>(memory), size}; }

  void *memory;
  size_t size;
};

// Whether the file has the program that its name promises.
bool is_whole(int file, const char *name) {
  struct stat info;
  constexpr off_t largest = BPF_MAXINSNS * sizeof(sock_filter);
  if (fstat(file, &info) != 0 || info.st_size > largest) return false;
  Mapping program(file, static_cast<size_t>(info.st_size));
  if (!program.valid()) return false;
  char hex[Sha256::hex_size + 1];
  sha256_hex(program.bytes(), hex);
  return strcmp(hex, name + Sha256::hex_size + 1) == 0;
}

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

bool filter_cached(int root, Str name) {
  Fd cache(root >= 0 ? open_cache(root) : -1);
  Fd filter;
  return is_name(name) && cache.valid() && open_cached(cache.get(), name.c_str(), filter);
}

Outcome open_filter(int root, const FilterOpen &op, Fd &filter) {
  Fd cache(root >= 0 ? open_cache(root) : -1);
  if (!op.program) {
    if (!is_name(op.hash)) return Outcome::failed(step::filter_open::open, EINVAL);
    if (!cache.valid() || !open_cached(cache.get(), op.hash.c_str(), filter)) {
      return Outcome::failed(step::filter_open::open, ENOENT);
    }
    if (is_whole(filter.get(), op.hash.c_str())) return {};
    // The next command makes it anew.
    unlinkat(cache.get(), op.hash.c_str(), 0);
    return Outcome::failed(step::filter_open::verify, EBADMSG);
  }
  if (!is_digest(op.hash)) return Outcome::failed(step::filter_open::open, EINVAL);
  Bytes program = op.program.value;
  char hex[Sha256::hex_size + 1];
  sha256_hex(program, hex);
  TextOf<name_size + 1> name;
  name.add(op.hash).add_char('-').add(hex);
  bool stored = cache.valid() && open_cached(cache.get(), name.c_str(), filter) && is_whole(filter.get(), name.c_str());
  if (stored) return {};
  int offset = 0;
  if (!cache.valid() || replace_file(cache.get(), name.c_str(), program, 0600, offset) != 0) {
    return in_memory(program, filter);
  }
  remove_oldest(cache.get(), cache_max, [](const char *) { return true; });
  if (open_cached(cache.get(), name.c_str(), filter)) return {};
  return in_memory(program, filter);
}

} // namespace veloci

// What the addon brings along, so that one file loads with every C library: with glibc from 2.31 on and with musl. It
// is linked with none; the names that it leaves open have no version, and the library of the process that loads it has
// them. A test compares them with what both libraries offer.
#include <new>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// A file without exceptions has nobody to throw to: memory that is lacking ends the process, as in the rest of native/.
void *operator new(size_t size) {
  void *memory = malloc(size == 0 ? 1 : size);
  if (memory == nullptr) abort();
  return memory;
}
void *operator new[](size_t size) { return operator new(size); }
void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }

// In place of those of libstdc++, which bring its exceptions along and with them the unwinder.
namespace std {
[[noreturn]] void __throw_bad_alloc() { abort(); }
[[noreturn]] void __throw_bad_array_new_length() { abort(); }
[[noreturn]] void __throw_bad_function_call() { abort(); }
[[noreturn]] void __throw_length_error(const char *) { abort(); }
[[noreturn]] void __throw_logic_error(const char *) { abort(); }
[[noreturn]] void __throw_out_of_range_fmt(const char *, ...) { abort(); }
} // namespace std

extern "C" {

// glibc below 2.33 has these two in no shared library.
int fstat(int fd, struct stat *out) noexcept { return static_cast<int>(syscall(SYS_fstat, fd, out)); }
int fstatat(int dir, const char *path, struct stat *out, int flags) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, dir, path, out, flags));
}

// glibc's makedev calls it; musl has no such function.
dev_t gnu_dev_makedev(unsigned major, unsigned minor) noexcept {
  return (dev_t{major} & 0xfffff000) << 32 | (dev_t{major} & 0xfff) << 8 | (dev_t{minor} & 0xffffff00) << 12 |
         (dev_t{minor} & 0xff);
}

// glibc's macro calls it; musl has no such function.
struct cmsghdr *__cmsg_nxthdr(struct msghdr *message, struct cmsghdr *part) noexcept {
  if (part->cmsg_len < sizeof *part) return nullptr;
  char *next = reinterpret_cast<char *>(part) + CMSG_ALIGN(part->cmsg_len);
  char *end = static_cast<char *>(message->msg_control) + message->msg_controllen;
  if (next + sizeof *part > end) return nullptr;
  auto *header = reinterpret_cast<struct cmsghdr *>(next);
  return next + CMSG_ALIGN(header->cmsg_len) > end ? nullptr : header;
}

} // extern "C"

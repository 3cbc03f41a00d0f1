// Memory of the engine: one mapping, cut from the front. A planner lives for a millisecond, so nothing is returned
// to the kernel; freed blocks wait in a list for their size.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace veloci {

class Arena {
public:
  // Maps `capacity` bytes and makes the first `ready` of them present. Returns 0 or an errno.
  int open(size_t capacity, size_t ready);

  void *allocate(size_t size);
  void release(void *memory);
  void *resize(void *memory, size_t size);
  static size_t usable_size(const void *memory);

  // Whether an allocation has failed.
  bool exhausted() const { return exhausted_; }
  size_t used() const { return static_cast<size_t>(top_ - start_); }

private:
  // Before each block; the size of the whole block, a multiple of 16.
  struct Header {
    uint64_t size;
  };
  struct Free {
    Free *next;
  };
  // Blocks up to 1 KiB have a list for each multiple of 16; larger ones are powers of two.
  static constexpr unsigned small_lists = 64, lists = small_lists + 48;

  static size_t block_size(size_t size);
  static unsigned list_of(size_t block);
  static Header *header(const void *memory);

  char *start_ = nullptr;
  char *top_ = nullptr;
  char *end_ = nullptr;
  bool exhausted_ = false;
  Free *free_[lists] = {};
};

} // namespace veloci

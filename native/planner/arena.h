// Memory of the engine: one block, cut from the front. A planner lives for a millisecond, so nothing is returned
// to the kernel; freed blocks wait in a list for their size.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace veloci {

class Arena {
public:
  // Takes over memory that is zero; its addresses are multiples of 16.
  void adopt(void *memory, size_t capacity);

  void *allocate(size_t size);
  void release(void *memory);
  void *resize(void *memory, size_t size);
  static size_t usable_size(const void *memory);

  // Whether reused blocks are zeroed, so that equal work leaves equal bytes.
  void set_clean(bool clean) { clean_ = clean; }
  // Whether an allocation has failed.
  bool exhausted() const { return exhausted_; }
  void set_end(char *end) { end_ = end; }
  // End of the memory that is in use.
  const char *top() const { return top_; }

private:
  // Before each block; the size of the whole block, a multiple of 16.
  struct Header {
    uint64_t size;
  };
  struct Free {
    Free *next;
  };
  // Blocks up to 1 KiB have a list for each multiple of 16; larger ones four between one power of two and the next.
  // Every block is as large as it must be: rounded ones made the prepared engine 44 KB larger.
  static constexpr unsigned small_lists = 64, lists = small_lists + 4 * 54;

  static size_t block_size(size_t size);
  // The list for a free block of this size, and the first one whose blocks are all at least as large.
  static unsigned list_below(size_t block);
  static unsigned list_above(size_t block);
  // A free block of this size or somewhat more; nullptr when there is none.
  void *reuse(size_t block);
  // Makes the newest block larger where it is: a text that grows needs no second place. False when it is another one.
  bool extend(void *memory, size_t size);
  static Header *header(const void *memory);

  char *start_ = nullptr;
  char *top_ = nullptr;
  char *end_ = nullptr;
  bool exhausted_ = false;
  bool clean_ = false;
  Free *free_[lists] = {};
};

} // namespace veloci

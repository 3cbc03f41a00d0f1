#include "planner/arena.h"

#include <string.h>

namespace veloci {
namespace {

constexpr size_t unit = 16;
constexpr size_t small_limit = 1024;
constexpr unsigned small_bits = 10;

// Number of the highest bit: for blocks above 1 KiB at least `small_bits`.
unsigned octave(size_t block) { return 63 - static_cast<unsigned>(__builtin_clzl(block)); }

} // namespace

void Arena::adopt(void *memory, size_t capacity) {
  start_ = static_cast<char *>(memory);
  // Headers lie 8 bytes before a multiple of 16, so that blocks are aligned.
  top_ = start_ + unit - sizeof(Header);
  end_ = start_ + capacity;
}

size_t Arena::block_size(size_t size) { return (size + sizeof(Header) + unit - 1) & ~(unit - 1); }

unsigned Arena::list_below(size_t block) {
  if (block <= small_limit) return static_cast<unsigned>(block / unit) - 1;
  unsigned bits = octave(block);
  return small_lists + 4 * (bits - small_bits) + static_cast<unsigned>(block >> (bits - 2) & 3);
}

unsigned Arena::list_above(size_t block) {
  if (block <= small_limit) return list_below(block);
  size_t quarter = size_t{1} << (octave(block) - 2);
  return list_below((block + quarter - 1) & ~(quarter - 1));
}

Arena::Header *Arena::header(const void *memory) {
  return reinterpret_cast<Header *>(const_cast<char *>(static_cast<const char *>(memory)) - sizeof(Header));
}

void *Arena::reuse(size_t block) {
  // The first of a list may be large enough even where the next one may not.
  Free **list = &free_[list_below(block)];
  if (*list == nullptr || header(*list)->size < block) list = &free_[list_above(block)];
  if (*list == nullptr) return nullptr;
  void *memory = *list;
  *list = (*list)->next;
  if (clean_) memset(memory, 0, header(memory)->size - sizeof(Header));
  return memory;
}

void *Arena::allocate(size_t size) {
  if (size > static_cast<size_t>(end_ - start_)) {
    exhausted_ = true;
    return nullptr;
  }
  size_t block = block_size(size);
  if (void *memory = reuse(block); memory != nullptr) return memory;
  if (static_cast<size_t>(end_ - top_) < block) {
    exhausted_ = true;
    return nullptr;
  }
  reinterpret_cast<Header *>(top_)->size = block;
  void *memory = top_ + sizeof(Header);
  top_ += block;
  return memory;
}

void Arena::release(void *memory) {
  if (memory == nullptr) return;
  Free *entry = static_cast<Free *>(memory);
  Free *&list = free_[list_below(header(memory)->size)];
  entry->next = list;
  list = entry;
}

bool Arena::extend(void *memory, size_t size) {
  Header &block = *header(memory);
  char *begin = reinterpret_cast<char *>(&block);
  if (begin + block.size != top_ || size > static_cast<size_t>(end_ - begin)) return false;
  size_t wanted = block_size(size);
  if (wanted > static_cast<size_t>(end_ - begin)) return false;
  block.size = wanted;
  top_ = begin + wanted;
  return true;
}

void *Arena::resize(void *memory, size_t size) {
  if (memory == nullptr) return allocate(size);
  if (size == 0) {
    release(memory);
    return nullptr;
  }
  size_t usable = usable_size(memory);
  if (size <= usable) return memory;
  if (extend(memory, size)) return memory;
  void *larger = allocate(size);
  if (larger == nullptr) return nullptr;
  memcpy(larger, memory, usable);
  release(memory);
  return larger;
}

size_t Arena::usable_size(const void *memory) { return memory == nullptr ? 0 : header(memory)->size - sizeof(Header); }

} // namespace veloci

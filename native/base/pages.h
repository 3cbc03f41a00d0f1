// Memory straight from the kernel, for what has no bound at compile time. It goes back when its owner ends.
#pragma once
#include <sys/mman.h>

#include "base/types.h"

namespace veloci {

class Pages {
public:
  Pages() = default;
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  ~Pages() { release(); }

  // Zeroed memory in place of what was held. False and errno on failure.
  bool allocate(size_t size) {
    release();
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    data_ = memory;
    size_ = size;
    return true;
  }
  void release() {
    if (data_ != nullptr) munmap(data_, size_);
    data_ = nullptr;
    size_ = 0;
  }
  template <class T = char> T *data() { return static_cast<T *>(data_); }
  size_t size() const { return size_; }

private:
  void *data_ = nullptr;
  size_t size_ = 0;
};

} // namespace veloci

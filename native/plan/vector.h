// argv and envp: the texts of a list as an array of pointers that ends in a null pointer.
#pragma once
#include "base/pages.h"
#include "wire/reader.h"

namespace veloci {

class Vector {
public:
  // Room for the list and `more` pointers after it. The texts stay where they are; those that begin with `without` are
  // left out. False and errno on failure.
  bool fill(const List<Str> &list, uint32_t more = 0, const char *without = nullptr) {
    if (!pages_.allocate((static_cast<size_t>(list.size()) + more + 1) * sizeof(char *))) return false;
    count_ = 0;
    for (const Str &text : list) {
      if (without == nullptr || strncmp(text.data, without, strlen(without)) != 0) add(text.c_str());
    }
    return true;
  }
  // Only for the places that `more` has asked for.
  void add(const char *text) { data()[count_++] = const_cast<char *>(text); }
  char **data() { return pages_.data<char *>(); }
  uint32_t size() const { return count_; }

private:
  Pages pages_;
  uint32_t count_ = 0;
};

} // namespace veloci

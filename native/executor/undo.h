// What has to be taken back when a plan fails: each entry is pushed before its thing is made.
#pragma once
#include "base/types.h"
#include <stdlib.h>

namespace veloci {

class Context;

class UndoStack {
public:
  // Takes one thing back; must bear that it was never made. `argument` is the entry's own.
  using Action = void (*)(Context &context, const void *argument);

  UndoStack() = default;
  UndoStack(const UndoStack &) = delete;
  UndoStack &operator=(const UndoStack &) = delete;
  ~UndoStack() {
    if (entries_ != first_) free(entries_);
  }

  // Adds an entry; `argument` must live until the entry has run or is dropped. False and errno without memory.
  bool push(Action action, const void *argument = nullptr) {
    if (count_ == capacity_ && !grow()) return false;
    entries_[count_++] = {action, argument};
    return true;
  }
  // Runs all entries, the newest first.
  void run(Context &context) {
    while (count_ > 0) {
      Entry entry = entries_[--count_];
      entry.action(context, entry.argument);
    }
  }
  // The work is done for good: nothing is taken back any more.
  void drop() { count_ = 0; }

private:
  struct Entry {
    Action action;
    const void *argument;
  };
  bool grow() {
    auto *larger = static_cast<Entry *>(calloc(2 * capacity_, sizeof(Entry)));
    if (larger == nullptr) return false;
    memcpy(larger, entries_, count_ * sizeof(Entry));
    if (entries_ != first_) free(entries_);
    entries_ = larger;
    capacity_ *= 2;
    return true;
  }

  // Enough for every start; an update may have thousands.
  static constexpr uint32_t usual = 64;
  Entry first_[usual];
  Entry *entries_ = first_;
  uint32_t capacity_ = usual;
  uint32_t count_ = 0;
};

} // namespace veloci

// What has to be taken back when a plan fails: each entry is pushed before its thing is made.
#pragma once
#include "base/types.h"

namespace veloci {

class Context;

class UndoStack {
public:
  // Takes one thing back; must bear that it was never made. `argument` is the entry's own.
  using Action = void (*)(Context &context, const void *argument);

  // Adds an entry; `argument` must live until the entry has run or is dropped. Plans are small: false (with errno
  // ENOBUFS) means that the plan has more undoable operations than any plan of ours.
  bool push(Action action, const void *argument = nullptr) {
    if (count_ == capacity) {
      errno = ENOBUFS;
      return false;
    }
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
  static constexpr uint32_t capacity = 256;
  struct Entry {
    Action action;
    const void *argument;
  };
  Entry entries_[capacity];
  uint32_t count_ = 0;
};

} // namespace veloci

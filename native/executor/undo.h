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
    drop();
    if (entries_ != first_) free(entries_);
  }

  // Adds an entry; `argument` must live until the entry has run or is dropped. False and errno without memory.
  bool push(Action action, const void *argument = nullptr) { return add({action, argument, nullptr}); }

  // Adds an entry that takes back what it keeps itself. nullptr and errno without memory.
  template <class T> T *keep(void (*action)(Context &context, T &kept), T &&thing) {
    void *memory = calloc(1, sizeof(Kept<T>));
    if (memory == nullptr) return nullptr;
    auto *kept = new (memory) Kept<T>{action, static_cast<T &&>(thing)};
    if (add({Kept<T>::run, kept, Kept<T>::forget})) return &kept->thing;
    Kept<T>::forget(kept);
    return nullptr;
  }

  // Runs all entries, the newest first.
  void run(Context &context) {
    while (count_ > 0) {
      Entry entry = entries_[--count_];
      entry.action(context, entry.argument);
      entry.end();
    }
  }
  // The work is done for good: nothing is taken back any more.
  void drop() {
    while (count_ > 0) entries_[--count_].end();
  }

private:
  struct Entry {
    Action action;
    const void *argument;
    void (*forget)(const void *argument);
    void end() const {
      if (forget != nullptr) forget(argument);
    }
  };
  template <class T> struct Kept {
    static void *operator new(size_t, void *place) { return place; }
    static void operator delete(void *, void *) {}
    static Kept *of(const void *argument) { return static_cast<Kept *>(const_cast<void *>(argument)); }
    static void run(Context &context, const void *argument) { of(argument)->action(context, of(argument)->thing); }
    static void forget(const void *argument) {
      of(argument)->~Kept();
      free(of(argument));
    }
    void (*action)(Context &context, T &kept);
    T thing;
  };
  bool add(const Entry &entry) {
    if (count_ == capacity_ && !grow()) return false;
    entries_[count_++] = entry;
    return true;
  }
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

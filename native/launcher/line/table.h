// Texts of any number, and tables of them.
#pragma once
#include "file/files.h"

namespace veloci {

// Text that grows in a Buffer.
class Growing {
public:
  explicit Growing(Buffer &memory) : memory_(memory) {}

  // Calls write(Text &) with room for `size` bytes more. 0 or an errno.
  template <class Write> int add(size_t size, Write write) {
    if (int err = make_room(size); err != 0) return err;
    size_t used = memory_.size();
    Text text(reinterpret_cast<char *>(memory_.data()) + used, memory_.capacity() - used);
    write(text);
    memory_.set_size(used + text.size());
    return 0;
  }
  int add(Str part) {
    return add(part.size, [&](Text &text) { text.add(part); });
  }

private:
  int make_room(size_t size);

  Buffer &memory_;
};

// Texts one after the other, each with a NUL behind it.
class Texts {
public:
  int add(Str text) {
    count_++;
    return Growing(memory_).add(text.size + 1, [&](Text &out) { out.add(text).add_char(0); });
  }
  uint32_t count() const { return count_; }
  const char *first() const { return memory_.str().data; }
  static const char *after(const char *text) { return text + strlen(text) + 1; }

private:
  Buffer memory_;
  uint32_t count_ = 0;
};

// Rows of cells, each column as wide as its widest cell.
class Table {
public:
  // The heads end in a null pointer. Numbers are aligned by whoever adds them.
  explicit Table(const char *const *heads);

  // The next cell. 0 or an errno.
  int add(Str text);
  // Appends the lines.
  int write(Growing out) const;

private:
  static constexpr unsigned most = 16;
  unsigned columns_ = 0, column_ = 0;
  size_t widths_[most] = {};
  int error_ = 0;
  Texts cells_;
};

} // namespace veloci

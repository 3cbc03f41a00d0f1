// Bounds-checked reading of an encoded plan: the parts that do not depend on the schema.
//
// All integers are little-endian and unaligned. Nothing is copied or allocated: a text, a list or a template is a view
// of the plan's bytes. The generated plan.gen.h builds on this file.
#pragma once
#include "base/types.h"

namespace veloci {

enum class Hole : uint8_t;

// Reads values one after the other. After a failure every further read fails too, and `what` says why.
class Reader {
public:
  explicit Reader(Bytes bytes) : position_(bytes.data), end_(bytes.data + bytes.size) {}

  bool at_end() const { return position_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - position_); }
  const uint8_t *position() const { return position_; }
  // Why a read failed; nullptr as long as none did.
  const char *what() const { return what_; }
  // Makes this and all further reads fail.
  bool fail(const char *what);

  // Copies an integer out of the bytes.
  template <class T> bool integer(T &value) {
    if (!has(sizeof(T))) return false;
    memcpy(&value, position_, sizeof(T));
    position_ += sizeof(T);
    return true;
  }
  // The next `size` bytes.
  bool take(size_t size, Bytes &value);

private:
  bool has(size_t size) { return remaining() >= size || fail("a value reaches beyond the end"); }

  const uint8_t *position_;
  const uint8_t *end_;
  const char *what_ = nullptr;
};

// Number of a place for a file descriptor.
struct Slot {
  static constexpr uint8_t count = 32;
  uint8_t number = 0;
  operator uint8_t() const { return number; }
};

inline bool read(Reader &reader, uint8_t &value) { return reader.integer(value); }
inline bool read(Reader &reader, uint16_t &value) { return reader.integer(value); }
inline bool read(Reader &reader, uint32_t &value) { return reader.integer(value); }
inline bool read(Reader &reader, int32_t &value) { return reader.integer(value); }
inline bool read(Reader &reader, uint64_t &value) { return reader.integer(value); }
inline bool read(Reader &reader, int64_t &value) { return reader.integer(value); }
bool read(Reader &reader, bool &value);
bool read(Reader &reader, Slot &value);
bool read(Reader &reader, Str &value);
bool read(Reader &reader, Bytes &value);

// Reads a number below `count`.
bool read_index(Reader &reader, uint8_t &value, uint8_t count);

template <class T> bool read(Reader &reader, Optional<T> &value) {
  return read(reader, value.present) && (!value.present || read(reader, value.value));
}

// Elements one after the other, checked when the list was read.
template <class T> class List {
public:
  class Iterator {
  public:
    Iterator(Bytes bytes, uint32_t remaining) : reader_(bytes), remaining_(remaining) { load(); }
    const T &operator*() const { return value_; }
    const T *operator->() const { return &value_; }
    Iterator &operator++() {
      remaining_ -= 1;
      load();
      return *this;
    }
    bool operator!=(const Iterator &other) const { return remaining_ != other.remaining_; }

  private:
    void load() {
      if (remaining_ != 0 && !read(reader_, value_)) remaining_ = 0;
    }

    Reader reader_;
    uint32_t remaining_;
    T value_{};
  };

  uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return Iterator(bytes_, count_); }
  Iterator end() const { return Iterator(Bytes{}, 0); }
  bool has(T value) const {
    for (const T &element : *this) {
      if (element == value) return true;
    }
    return false;
  }

  friend bool read(Reader &reader, List &list) {
    if (!read(reader, list.count_)) return false;
    // No element takes less than a byte: a wrong count fails before it costs time.
    if (list.count_ > reader.remaining()) return reader.fail("a list is longer than its bytes");
    const uint8_t *start = reader.position();
    for (uint32_t i = 0; i < list.count_; ++i) {
      T element{};
      if (!read(reader, element)) return false;
    }
    list.bytes_ = {start, static_cast<size_t>(reader.position() - start)};
    return true;
  }

private:
  uint32_t count_ = 0;
  Bytes bytes_;
};

// A piece of a template: a literal text, or a run-time value.
struct TemplatePart {
  bool is_hole = false;
  Hole hole{};
  Str literal;
};
// Reads one where the schema has `holes` kinds of holes; read() is generated.
bool read_part(Reader &reader, TemplatePart &part, uint8_t holes);
bool read(Reader &reader, TemplatePart &part);

// A text with holes for run-time values.
class Template {
public:
  // Calls visit(const TemplatePart &) for each piece in order.
  template <class Visit> void for_each(Visit visit) const {
    for (const TemplatePart &part : parts_) visit(part);
  }
  uint32_t size() const { return parts_.size(); }

  friend bool read(Reader &reader, Template &value) { return read(reader, value.parts_); }

private:
  List<TemplatePart> parts_;
};

// An operation as it lies in a plan: its code and the bytes of its fields.
struct OpRecord {
  uint16_t code = 0;
  // Place in the program; that of the outermost `alt` for an operation inside of one.
  uint32_t index = 0;
  Bytes body;
};
bool read(Reader &reader, OpRecord &record);

} // namespace veloci

// The shape of a start: its texts without the names that it has of its own. Two starts of one image have the same shape
// (docs/decisions/0008-plans-by-shape.md).
#pragma once
#include "file/files.h"
#include "shape/tokens.h"

namespace veloci {

// A name, as the first text has it; the bytes are the caller's.
struct ShapeName {
  Str text;
  NameKind kind;
};

class Shape {
public:
  static constexpr uint32_t names_max = 48;

  // Begins with the names that are known: the container's id and paths (bundle, console socket; may be empty). They and
  // all texts must live as long as this.
  bool begin(Str id, Str bundle, Str socket);
  // Adds a text. False when it cannot be remembered: too many names, no memory, or bytes that mark names.
  bool add(Str text);
  // The same for the one that has a short id as the value of `"id":`.
  bool add_request(Str text);
  // Adds bytes that have no names.
  bool add_literal(Str text);

  Bytes bytes() const { return canonical_.bytes(); }
  uint32_t name_count() const { return count_; }
  const ShapeName &name(uint32_t index) const { return names_[index]; }
  // Writes the text that has begun at an offset of all texts, with other names in the places of its own. `out` has its
  // size.
  void rename(Str text, size_t offset, const Bytes (&names)[names_max], uint8_t *out) const;
  // Bytes of all texts so far.
  size_t offset() const { return offset_; }

private:
  // Where a name, or its beginning, stands in the texts, counted over all of them.
  struct Place {
    uint32_t offset;
    uint32_t size;
    uint32_t name;
  };

  bool add_pieces(Str text, bool with_id);
  Token next(Str text, size_t from, unsigned finder) const;
  bool take(Str text, const Token &token);
  bool find_name(Str text, NameKind kind, uint32_t &index);
  bool declare(Str text, NameKind kind);

  static constexpr unsigned finders = 7;

  ShapeName names_[names_max];
  uint32_t count_ = 0;
  Str id_, short_id_, bundle_, socket_;
  Buffer canonical_;
  Buffer places_;
  size_t place_count_ = 0;
  size_t offset_ = 0;
};

// Other names of the same sizes: each differs from its own in every letter and digit, and none begins with a digit
// whose own begins with one. `memory` holds them.
bool other_names(const Shape &shape, Buffer &memory, Bytes (&names)[Shape::names_max]);

// 64 bits of bytes: to find them again, and to see that they are whole; nobody else writes here.
uint64_t digest_of(Bytes bytes);

} // namespace veloci

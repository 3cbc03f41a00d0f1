// How texts for people look on a terminal: colours and the width of lines. Texts carry marks (src/diagnostic/marks.ts);
// only here do they become the escape sequences of a terminal, or nothing.
#pragma once
#include "base/io.h"

namespace veloci {

// Control characters that a text of ours may have, and that no value in it can have.
namespace mark {
constexpr char error = 1, warning = 2, frame = 3, label = 4, good = 5, off = 6;
// Lines that are too long go on in the column of this mark; a line without one is never broken.
constexpr char indent = 0x0e;
} // namespace mark

struct Style {
  bool colours = false;
  uint32_t width = 0; // columns; 0 = lines are not broken
};

// The style for what is written to this descriptor, by NO_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM and the terminal.
Style style_of(int fd);

// Columns of prose: those of the terminal, at most (and without one) 80.
uint32_t prose_width(const Style &style);

// Whether a character is a mark.
bool is_mark(char c);

// Bytes that suffice for a text in a style.
size_t styled_size(Str text);

// Adds a text, its marks replaced and its lines broken between words.
void add_styled(Text &out, Str text, const Style &style);

} // namespace veloci

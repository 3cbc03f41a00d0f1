#include "launcher/line/table.h"

namespace veloci {

int Growing::make_room(size_t size) {
  size_t used = memory_.size(), needed = used + size + 1;
  if (needed <= memory_.capacity()) return 0;
  Buffer larger;
  constexpr size_t least = 64 << 10;
  size_t twice = 2 * memory_.capacity();
  if (!larger.reserve(needed > twice ? needed + least : twice)) return errno;
  if (used > 0) memcpy(larger.data(), memory_.data(), used);
  memory_ = static_cast<Buffer &&>(larger);
  memory_.set_size(used);
  return 0;
}

Table::Table(const char *const *heads) {
  while (heads[columns_] != nullptr && columns_ < most) columns_++;
  for (unsigned i = 0; i < columns_ && error_ == 0; i++) error_ = add(Str::of(heads[i]));
}

int Table::add(Str text) {
  if (error_ != 0) return error_;
  if (text.size > widths_[column_]) widths_[column_] = text.size;
  column_ = (column_ + 1) % columns_;
  return cells_.add(text);
}

int Table::write(Growing out) const {
  int err = error_;
  const char *cursor = cells_.first();
  for (uint32_t i = 0; err == 0 && i < cells_.count(); i++, cursor = Texts::after(cursor)) {
    bool last = i % columns_ == columns_ - 1;
    size_t width = widths_[i % columns_] + 2;
    err = out.add(width, [&](Text &text) {
      text.add(cursor);
      if (last)
        text.add_char('\n');
      else
        while (text.size() < width) text.add_char(' ');
    });
  }
  return err;
}

} // namespace veloci

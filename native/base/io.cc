#include "base/io.h"

namespace veloci {

Text &Text::add(const char *data, size_t size) {
  size_t fits = size <= room() ? size : room();
  if (fits < size) cut_ = true;
  if (fits > 0) memcpy(buffer_ + size_, data, fits); // nothing may be at no address
  size_ += fits;
  buffer_[size_] = 0;
  return *this;
}

Text &Text::add_number(uint64_t value, unsigned width) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0 && count < sizeof digits);
  for (unsigned i = count; i < width; i++) add_char('0');
  while (count > 0) add_char(digits[--count]);
  return *this;
}

Text &Text::add_signed(int64_t value) {
  if (value >= 0) return add_number(static_cast<uint64_t>(value));
  return add_char('-').add_number(0 - static_cast<uint64_t>(value));
}

Text &Text::add_octal(uint64_t value) {
  char digits[22];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + (value & 7));
    value >>= 3;
  } while (value != 0);
  while (count > 0) add_char(digits[--count]);
  return *this;
}

Text &Text::add_time(uint64_t nanoseconds) {
  uint64_t seconds = nanoseconds / 1000000000;
  uint64_t days = seconds / 86400, rest = seconds % 86400;
  // Civil date of a day number, in years that begin in March.
  uint64_t shifted = days + 719468;
  uint64_t era = shifted / 146097, of_era = shifted % 146097;
  uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  uint64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint64_t shifted_month = (5 * day_of_year + 2) / 153;
  uint64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  uint64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  add_number(year, 4).add_char('-').add_number(month, 2).add_char('-').add_number(day, 2);
  add_char('T').add_number(rest / 3600, 2).add_char(':').add_number(rest / 60 % 60, 2);
  add_char(':').add_number(rest % 60, 2).add_char('.').add_number(nanoseconds % 1000000000, 9);
  return add_char('Z');
}

void Text::clear() {
  truncate(0);
  cut_ = false;
}

void Text::truncate(size_t size) {
  if (size < size_) size_ = size;
  buffer_[size_] = 0;
}

void Text::grew(size_t count) {
  size_ += count <= room() ? count : room();
  buffer_[size_] = 0;
}

bool write_all(int fd, const void *data, size_t size) {
  const char *cursor = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t written = write(fd, cursor, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    cursor += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

bool read_small(int fd, Text &out) {
  for (;;) {
    char beyond;
    bool full = out.room() == 0;
    ssize_t count = full ? read(fd, &beyond, 1) : read(fd, out.tail(), out.room());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) return true;
    if (full) {
      errno = EFBIG;
      return false;
    }
    out.grew(static_cast<size_t>(count));
  }
}

bool read_value(int fd, Text &out) {
  ssize_t count;
  do count = read(fd, out.tail(), out.room());
  while (count < 0 && errno == EINTR);
  if (count < 0) return false;
  out.grew(static_cast<size_t>(count));
  if (out.room() > 0) return true;
  errno = EFBIG;
  return false;
}

bool read_exactly(int fd, void *data, size_t size) {
  char *cursor = static_cast<char *>(data);
  while (size > 0) {
    ssize_t count = read(fd, cursor, size);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = ENODATA;
    if (count <= 0) return false;
    cursor += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

bool parse_number(Str text, uint64_t max, uint64_t &out) {
  if (text.empty()) return false;
  uint64_t value = 0;
  for (uint32_t i = 0; i < text.size; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return false;
    uint64_t digit = static_cast<uint64_t>(text.data[i] - '0');
    if (digit > max || value > (max - digit) / 10) return false;
    value = value * 10 + digit;
  }
  out = value;
  return true;
}

} // namespace veloci

#include "image/tar.h"

#include <stdlib.h>

namespace veloci {

struct TarReader::Header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2],
      user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

namespace {

enum Known : uint32_t { path = 1, link = 2, size = 4, uid = 8, gid = 16, mtime = 32 };

constexpr uint64_t largest_octal_size = uint64_t{1} << 33;

Str bounded(const char *field, size_t size) { return {field, static_cast<uint32_t>(strnlen(field, size))}; }

bool parse_decimal(const char *text, size_t size, uint64_t &number) {
  if (size == 0 || size > 19) return false;
  number = 0;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  return true;
}

// Seconds with a fraction; before 1970 with a sign.
bool parse_time(const char *text, size_t size, TarTime &time) {
  bool negative = size > 0 && text[0] == '-';
  if (negative) text++, size--;
  const char *point = static_cast<const char *>(memchr(text, '.', size));
  size_t whole = point == nullptr ? size : static_cast<size_t>(point - text);
  uint64_t seconds = 0;
  if (!parse_decimal(text, whole, seconds) || seconds > INT64_MAX / 4) return false;
  uint32_t fraction = 0, digits = 0;
  for (const char *digit = point == nullptr ? text + size : point + 1; digit < text + size; digit++) {
    if (*digit < '0' || *digit > '9') return false;
    if (digits < 9) fraction = fraction * 10 + static_cast<uint32_t>(*digit - '0'), digits++;
  }
  for (; digits < 9; digits++) fraction *= 10;
  time.seconds = negative ? -static_cast<int64_t>(seconds) : static_cast<int64_t>(seconds);
  time.nanoseconds = fraction;
  if (negative && fraction > 0) time = {time.seconds - 1, 1000000000 - fraction};
  return true;
}

bool is_zero(const void *data, size_t size) {
  auto *bytes = static_cast<const uint8_t *>(data);
  return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

// A number of a header: octal digits or, in base 256, a number that is not negative unless `negative`. False when it is
// neither.
bool tar_number(const char *field, size_t size, bool negative, int64_t &number) {
  auto *bytes = reinterpret_cast<const uint8_t *>(field);
  number = 0;
  if (bytes[0] & 0x80) {
    bool minus = (bytes[0] & 0x40) != 0;
    if (minus && !negative) return false;
    // Two's complement of which the first bit is the mark.
    uint64_t value = minus ? UINT64_MAX : 0;
    uint8_t sign = minus ? 0xff : 0x80;
    for (size_t i = 0; i < size; i++) {
      uint8_t byte = bytes[i];
      if (i + 8 < size && byte != (i == 0 ? sign : minus ? 0xff : 0)) return false;
      if (i == 0 && size <= 8) byte = minus ? byte | 0x80 : byte & 0x7f;
      if (i + 8 >= size) value = value << 8 | byte;
    }
    number = static_cast<int64_t>(value);
    return minus ? number < 0 : number >= 0;
  }
  size_t i = 0;
  while (i < size && field[i] == ' ') i++;
  size_t first = i;
  for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
    if (number >> 60 != 0) return false;
    number = number * 8 + (field[i] - '0');
  }
  bool digits = i > first;
  for (; i < size; i++) {
    if (field[i] != ' ' && field[i] != 0) return false;
  }
  // Fields of devices may be empty.
  return digits || is_zero(field, size) || first == size;
}

} // namespace

TarReader::~TarReader() { free(pax_); }

bool TarReader::bad(const char *what) { return fault_.archive(what, entry_.path.str()); }

bool TarReader::more() { return part_.size > 0 || source_.next(part_); }

// Exactly so many bytes, or none at all at the end of the archive.
bool TarReader::take(uint8_t *data, size_t size, bool &end) {
  end = false;
  for (size_t have = 0; have < size;) {
    if (!more()) return false;
    if (part_.size == 0) {
      end = have == 0;
      return end || bad("the archive is truncated");
    }
    size_t count = part_.size < size - have ? part_.size : size - have;
    memcpy(data + have, part_.data, count);
    part_ = {part_.data + count, part_.size - count};
    have += count;
    position_ += count;
  }
  return true;
}

bool TarReader::skip(uint64_t size) {
  while (size > 0) {
    if (part_.size == 0 && source_.pass(size)) {
      position_ += size;
      return true;
    }
    if (!more()) return false;
    if (part_.size == 0) return bad("the archive is truncated");
    size_t count = part_.size < size ? part_.size : static_cast<size_t>(size);
    part_ = {part_.data + count, part_.size - count};
    position_ += count;
    size -= count;
  }
  return true;
}

bool TarReader::read(Bytes &part) {
  part = {};
  if (contents_ == 0) return true;
  if (!more()) return false;
  if (part_.size == 0) return bad("the archive is truncated");
  size_t count = part_.size < contents_ ? part_.size : static_cast<size_t>(contents_);
  part = {part_.data, count};
  part_ = {part_.data + count, part_.size - count};
  position_ += count;
  contents_ -= count;
  return true;
}

// Behind the first block of zeros: nothing else may follow.
bool TarReader::pass_end() {
  for (;;) {
    if (!more()) return false;
    if (part_.size == 0) return true;
    if (!is_zero(part_.data, part_.size)) return bad("something follows the end of the archive");
    position_ += part_.size;
    part_ = {};
  }
}

bool TarReader::header_size(const Header &header, uint64_t &size) {
  int64_t number;
  if (!tar_number(header.size, sizeof header.size, false, number)) return bad("a header has an invalid size");
  size = static_cast<uint64_t>(number);
  return true;
}

// A name of GNU's: as the contents of an entry of its own.
bool TarReader::read_long(const Header &header, Text &name) {
  uint64_t size = 0;
  if (!header_size(header, size)) return false;
  if (size < 2 || size > TarEntry::path_size) return bad("a GNU long name is empty or too long");
  char text[TarEntry::path_size + block];
  bool end;
  if (!take(reinterpret_cast<uint8_t *>(text), (size + block - 1) / block * block, end)) return false;
  if (end) return bad("the archive is truncated");
  size_t length = strnlen(text, size);
  if (length == 0 || !is_zero(text + length, size - length)) return bad("a GNU long name has a NUL inside");
  name.clear();
  name.add(text, length);
  return name.complete() || bad("a name is too long");
}

bool TarReader::take_record(const char *key, size_t key_size, const char *value, size_t size) {
  constexpr char xattr[] = "SCHILY.xattr.";
  constexpr size_t xattr_size = sizeof xattr - 1;
  Str name{key, static_cast<uint32_t>(key_size)};
  auto is = [&](const char *text) { return name == Str::of(text); };
  auto once = [&](uint32_t what) {
    bool first = (known_ & what) == 0;
    known_ |= what;
    return first || bad("a pax header says the same twice");
  };
  if (key_size > xattr_size && memcmp(key, xattr, xattr_size) == 0) {
    if (entry_.attribute_count == TarEntry::most_attributes) return bad("it has too many extended attributes");
    if (memchr(key, 0, key_size) != nullptr) return bad("a pax header has a NUL inside");
    for (size_t i = 0; i < entry_.attribute_count; i++) {
      if (Str::of(entry_.attributes[i].name) == Str{key + xattr_size, static_cast<uint32_t>(key_size - xattr_size)})
        return bad("a pax header says the same twice");
    }
    entry_.attributes[entry_.attribute_count++] = {key + xattr_size, {reinterpret_cast<const uint8_t *>(value), size}};
    return true;
  }
  bool text = is("path") || is("linkpath");
  if (memchr(key, 0, key_size) != nullptr || memchr(value, 0, size) != nullptr)
    return bad("a pax header has a NUL inside");
  if (text) {
    Text &out = is("path") ? static_cast<Text &>(entry_.path) : entry_.link;
    if (!once(is("path") ? path : link)) return false;
    out.clear();
    out.add(value, size);
    return (size > 0 && out.complete()) || bad("a name is empty or too long");
  }
  if (is("size"))
    return once(Known::size) && (parse_decimal(value, size, pax_size_) || bad("a pax header has an invalid size"));
  if (is("uid")) return once(uid) && (parse_decimal(value, size, pax_uid_) || bad("a pax header has an invalid owner"));
  if (is("gid")) return once(gid) && (parse_decimal(value, size, pax_gid_) || bad("a pax header has an invalid group"));
  if (is("mtime"))
    return once(mtime) && (parse_time(value, size, entry_.mtime) || bad("a pax header has an invalid time"));
  if (is("hdrcharset")) {
    Str charset{value, static_cast<uint32_t>(size)};
    bool usual = charset == Str::of("BINARY") || charset == Str::of("ISO-IR 10646 2000 UTF-8");
    return usual || bad("a pax header has names in another character set");
  }
  if (key_size >= 10 && memcmp(key, "GNU.sparse", 10) == 0) return bad("sparse files are not allowed in layers");
  // Names of owners, times of access, comments: layers do not use them.
  return true;
}

// `LENGTH KEY=VALUE\n`, one after the other.
bool TarReader::parse_pax(uint8_t *data, size_t size) {
  char *cursor = reinterpret_cast<char *>(data), *end = cursor + size;
  while (cursor < end) {
    char *space = static_cast<char *>(memchr(cursor, ' ', static_cast<size_t>(end - cursor)));
    uint64_t length = 0;
    if (space == nullptr || !parse_decimal(cursor, static_cast<size_t>(space - cursor), length) ||
        length > static_cast<uint64_t>(end - cursor) || cursor + length < space + 4 || cursor[length - 1] != '\n')
      return bad("a pax header is malformed");
    char *last = cursor + length - 1, *key = space + 1;
    char *equals = static_cast<char *>(memchr(key, '=', static_cast<size_t>(last - key)));
    if (equals == nullptr || equals == key) return bad("a pax header is malformed");
    // The key of an attribute becomes a C string.
    if (!take_record(key, static_cast<size_t>(equals - key), equals + 1, static_cast<size_t>(last - equals - 1)))
      return false;
    *equals = 0;
    cursor += length;
  }
  return true;
}

bool TarReader::read_pax(const Header &header) {
  uint64_t size = 0;
  if (!header_size(header, size)) return false;
  if (size == 0 || size > most_pax) return bad("a pax header is empty or too large");
  if (pax_ == nullptr && (pax_ = static_cast<uint8_t *>(malloc(most_pax + block))) == nullptr)
    return fault_.system("reserve memory", ENOMEM);
  bool end;
  if (!take(pax_, (size + block - 1) / block * block, end)) return false;
  if (end) return bad("the archive is truncated");
  return parse_pax(pax_, size);
}

// It would be about every entry that follows; a comment, as git writes one, is about none.
bool TarReader::read_global(const Header &header) {
  if (!read_pax(header)) return false;
  bool about_entries = known_ != 0 || entry_.attribute_count > 0;
  return !about_entries || bad("a global pax header is about entries");
}

bool TarReader::next(bool &end) {
  end = false;
  if (!skip(contents_) || !skip(padding_)) return false;
  contents_ = padding_ = 0;
  entry_.attribute_count = 0;
  entry_.path.clear();
  entry_.link.clear();
  known_ = 0;
  described_ = false;
  bool pax = false;
  for (;;) {
    Header header;
    static_assert(sizeof header == block);
    bool none;
    if (!take(reinterpret_cast<uint8_t *>(&header), block, none)) return false;
    if (none) return bad("the archive has no end");
    if (is_zero(&header, block)) {
      if (described_) return bad("a header describes nothing");
      end = true;
      return pass_end();
    }
    int64_t wanted;
    uint32_t sum = 0;
    for (size_t i = 0; i < block; i++) {
      bool in_field = i >= offsetof(Header, checksum) && i < offsetof(Header, type);
      sum += in_field ? ' ' : reinterpret_cast<uint8_t *>(&header)[i];
    }
    if (!tar_number(header.checksum, sizeof header.checksum, false, wanted) || wanted != sum)
      return bad("a header has a wrong checksum, so this is no tar archive or a damaged one");
    switch (header.type) {
    case 'x':
      if (pax) return bad("two pax headers follow each other");
      pax = described_ = true;
      if (!read_pax(header)) return false;
      continue;
    case 'g':
      if (described_) return bad("a global pax header follows another one");
      if (!read_global(header)) return false;
      continue;
    case 'L':
    case 'K': {
      uint32_t what = header.type == 'L' ? path : link;
      if (known_ & what) return bad("a name is given twice");
      known_ |= what;
      described_ = true;
      if (!read_long(header, header.type == 'L' ? static_cast<Text &>(entry_.path) : entry_.link)) return false;
      continue;
    }
    default: return convert(header);
    }
  }
}

bool TarReader::convert_type(const Header &header) {
  switch (header.type) {
  case 0:
  case '0':
  case '7': entry_.type = TarType::file; return true;
  case '1': entry_.type = TarType::hard_link; return true;
  case '2': entry_.type = TarType::symlink; return true;
  case '3': entry_.type = TarType::character; return true;
  case '4': entry_.type = TarType::block; return true;
  case '5': entry_.type = TarType::directory; return true;
  case '6': entry_.type = TarType::fifo; return true;
  case 'S': return bad("sparse files are not allowed in layers");
  default: return bad("an entry is of an unknown type");
  }
}

bool TarReader::convert_name(const Header &header) {
  if ((known_ & path) == 0) {
    bool posix = memcmp(header.magic, "ustar\0", 6) == 0;
    if (posix && header.prefix[0] != 0) entry_.path.add(bounded(header.prefix, sizeof header.prefix)).add_char('/');
    entry_.path.add(bounded(header.name, sizeof header.name));
  }
  if ((known_ & link) == 0) entry_.link.add(bounded(header.link, sizeof header.link));
  return entry_.path.size() > 0 || bad("an entry has no name");
}

bool TarReader::convert(const Header &header) {
  bool magic = memcmp(header.magic, "ustar\0", 6) == 0 || memcmp(header.magic, "ustar ", 6) == 0;
  if (!magic && !is_zero(header.magic, sizeof header.magic)) return bad("this is no tar archive");
  if (!convert_name(header) || !convert_type(header)) return false;
  int64_t mode, owner, group, time, major = 0, minor = 0;
  uint64_t size = 0;
  if (!header_size(header, size)) return false;
  if (known_ & Known::size) {
    // One reader would go by this number, another one by that: they differ only where the older form has no room.
    bool beyond = size == 0 && pax_size_ >= largest_octal_size;
    if (size != pax_size_ && !beyond) return bad("a pax header and its entry differ about the size");
    size = pax_size_;
  }
  if (size > INT64_MAX / 2) return bad("an entry has an invalid size");
  bool device = entry_.type == TarType::character || entry_.type == TarType::block;
  bool numbers = tar_number(header.mode, sizeof header.mode, false, mode) &&
                 tar_number(header.uid, sizeof header.uid, false, owner) &&
                 tar_number(header.gid, sizeof header.gid, false, group) &&
                 tar_number(header.mtime, sizeof header.mtime, true, time);
  if (device) {
    numbers = numbers && tar_number(header.major, sizeof header.major, false, major) &&
              tar_number(header.minor, sizeof header.minor, false, minor);
  }
  if (!numbers || major > UINT32_MAX || minor > UINT32_MAX) return bad("a header has an invalid number");
  if (known_ & uid) owner = static_cast<int64_t>(pax_uid_);
  if (known_ & gid) group = static_cast<int64_t>(pax_gid_);
  // The last one is no id (chown(2)).
  if (owner < 0 || owner >= UINT32_MAX || group < 0 || group >= UINT32_MAX) return bad("an owner is no id of 32 bits");
  if (entry_.type != TarType::file && size > 0) return bad("an entry that is no file has contents");
  bool slash = entry_.path.data()[entry_.path.size() - 1] == '/';
  if (slash && entry_.type != TarType::directory) return bad("the name of a file ends in a slash");
  bool linked = entry_.type == TarType::hard_link || entry_.type == TarType::symlink;
  if (linked && entry_.link.size() == 0) return bad("a link has no target");
  // Some writers leave something there in other entries; nobody reads it.
  if (!linked) entry_.link.clear();
  entry_.mode = static_cast<uint32_t>(mode) & 07777;
  entry_.uid = static_cast<uint32_t>(owner);
  entry_.gid = static_cast<uint32_t>(group);
  entry_.major = static_cast<uint32_t>(major);
  entry_.minor = static_cast<uint32_t>(minor);
  entry_.size = contents_ = size;
  if ((known_ & mtime) == 0) entry_.mtime = {time, 0};
  padding_ = static_cast<uint32_t>((block - size % block) % block);
  return true;
}

} // namespace veloci

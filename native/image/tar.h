// A strict reader of tar: ustar, pax, and GNU's long names and large numbers. What parsers of the field read
// differently is refused, because what one of them has checked another one would write: sizes that contradict each
// other, negative numbers, NUL in names, records that repeat a key, headers that describe nothing.
#pragma once
#include "image/fault.h"
#include "image/source.h"

namespace veloci {

enum class TarType : uint8_t { file, hard_link, symlink, character, block, directory, fifo };

struct TarTime {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
};

// An extended attribute, as SCHILY.xattr of pax has it.
struct TarAttribute {
  const char *name = nullptr;
  Bytes value;
};

struct TarEntry {
  static constexpr size_t path_size = 4096, most_attributes = 128;

  TarType type = TarType::file;
  TextOf<path_size> path, link; // as they stand in the archive; without NUL
  uint32_t mode = 0, uid = 0, gid = 0, major = 0, minor = 0;
  uint64_t size = 0; // of its contents
  TarTime mtime;
  TarAttribute attributes[most_attributes];
  size_t attribute_count = 0;
};

class TarReader {
public:
  TarReader(ByteSource &source, ImageFault &fault) : source_(source), fault_(fault) {}
  TarReader(const TarReader &) = delete;
  TarReader &operator=(const TarReader &) = delete;
  ~TarReader();

  // The next entry, which lives until the next call; what was not read of the last one is passed over. `end`: there is
  // none, and nothing but zeros has followed. False with the fault.
  bool next(bool &end);
  const TarEntry &entry() const { return entry_; }
  // A part of the entry's contents; empty at their end. False with the fault.
  bool read(Bytes &part);
  // Where the next byte lies in the archive.
  uint64_t position() const { return position_; }

private:
  struct Header;
  static constexpr size_t block = 512, most_pax = 1 << 20;

  bool more();
  bool take(uint8_t *data, size_t size, bool &end);
  bool skip(uint64_t size);
  bool pass_end();
  bool read_long(const Header &header, Text &name);
  bool read_pax(const Header &header);
  bool read_global(const Header &header);
  bool parse_pax(uint8_t *data, size_t size);
  bool take_record(const char *key, size_t key_size, const char *value, size_t size);
  bool convert(const Header &header);
  bool convert_type(const Header &header);
  bool convert_name(const Header &header);
  bool header_size(const Header &header, uint64_t &size);
  bool bad(const char *what);

  ByteSource &source_;
  ImageFault &fault_;
  Bytes part_;
  uint64_t position_ = 0, contents_ = 0;
  uint32_t padding_ = 0;
  TarEntry entry_;
  // What pax and GNU headers have said about the next entry.
  uint32_t known_ = 0;
  bool described_ = false;
  uint64_t pax_size_ = 0, pax_uid_ = 0, pax_gid_ = 0;
  uint8_t *pax_ = nullptr;
};

} // namespace veloci

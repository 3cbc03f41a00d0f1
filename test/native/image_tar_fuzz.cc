// Fuzzes the reader of layers' archives: it ends, an entry that it gives is within its bounds, and bytes that come in
// other parts are the same archive.
#include <stdlib.h>

#include "image/entry_path.h"
#include "image/tar.h"

using namespace veloci;

namespace {

// Bytes in parts of one size, as a decoder gives them; each part is freed when the next one is asked for.
class Parts : public ByteSource {
public:
  Parts(Bytes bytes, size_t size) : bytes_(bytes), size_(size) {}
  ~Parts() { free(part_); }
  bool next(Bytes &part) override {
    free(part_);
    part_ = nullptr;
    size_t count = bytes_.size < size_ ? bytes_.size : size_;
    part = {};
    if (count == 0) return true;
    part_ = static_cast<uint8_t *>(malloc(count));
    memcpy(part_, bytes_.data, count);
    bytes_ = {bytes_.data + count, bytes_.size - count};
    part = {part_, count};
    return true;
  }

private:
  Bytes bytes_;
  size_t size_;
  uint8_t *part_ = nullptr;
};

volatile uint8_t sink;

void add(uint64_t &sum, const void *data, size_t size) {
  auto *bytes = static_cast<const uint8_t *>(data);
  for (size_t i = 0; i < size; i++) sum = sum * 31 + bytes[i];
}

// A sum of all that is read; what was wrong counts, too.
uint64_t read_all(Bytes bytes, size_t size) {
  Parts parts(bytes, size);
  ImageFault fault;
  TarReader tar(parts, fault);
  uint64_t sum = 0, entries = 0;
  for (bool end = false;;) {
    if (!tar.next(end)) {
      if (!fault.any()) abort();
      add(sum, fault.what.c_str(), fault.what.size());
      return sum;
    }
    if (end) return sum;
    // Each has a header of its own.
    if (++entries > bytes.size / 512) abort();
    const TarEntry &entry = tar.entry();
    if (entry.attribute_count > TarEntry::most_attributes || entry.path.size() == 0) abort();
    if (strlen(entry.path.c_str()) != entry.path.size() || strlen(entry.link.c_str()) != entry.link.size()) abort();
    add(sum, entry.path.c_str(), entry.path.size());
    add(sum, entry.link.c_str(), entry.link.size());
    for (size_t i = 0; i < entry.attribute_count; i++) {
      add(sum, entry.attributes[i].name, strlen(entry.attributes[i].name));
      add(sum, entry.attributes[i].value.data, entry.attributes[i].value.size);
    }
    EntryPath path;
    ImageFault unused;
    if (path.parse(entry.path.str(), unused)) {
      TextOf<4100> text;
      text.add_char('/').add(path.text.str()).add_char('/');
      if (strstr(text.c_str(), "/../") != nullptr || (path.text.size() > 0 && strstr(text.c_str(), "//") != nullptr))
        abort();
      if (!path.is_root() && (*path.name() == 0 || strchr(path.name(), '/') != nullptr)) abort();
    }
    uint64_t size_read = 0;
    for (Bytes part;;) {
      if (!tar.read(part)) {
        if (!fault.any()) abort();
        return sum;
      }
      if (part.size == 0) break;
      size_read += part.size;
      add(sum, part.data, part.size);
    }
    if (size_read != entry.size) abort();
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes{data, size};
  uint64_t whole = read_all(bytes, 1 << 18);
  if (read_all(bytes, 700) != whole) abort();
  sink = static_cast<uint8_t>(whole);
  return 0;
}

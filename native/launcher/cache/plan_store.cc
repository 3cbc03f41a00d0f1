#include "launcher/cache/plan_store.h"
#include "base/directory.h"
#include <initializer_list>
#include <unistd.h>

namespace veloci {

namespace {

constexpr char magic[8] = {'V', 'L', 'C', 'I', 'P', 'L', 'N', '1'};

// Before shape, holes and plans, in this order.
struct Header {
  char magic[8];
  uint64_t hits;   // how often it was used; not part of the digest
  uint64_t digest; // of all that follows
  uint32_t shape, plan_holes, stored_holes, plan, stored;
  uint32_t unused;
};
static_assert(sizeof(Header) == 48);

constexpr size_t digest_end = offsetof(Header, shape);

void add_hex(Text &name, uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) name.add_char("0123456789abcdef"[value >> shift & 15]);
}

using EntryName = TextOf<40>;

void name_entry(EntryName &name, uint64_t config, uint64_t request) {
  add_hex(name, config);
  name.add_char('-');
  add_hex(name, request);
}

constexpr mode_t others = 077;

// The parts of a file that has the sizes which its header tells.
bool divide(Bytes bytes, PlanEntry &entry) {
  Header header;
  if (bytes.size < sizeof header) return false;
  memcpy(&header, bytes.data, sizeof header);
  uint64_t size =
      uint64_t{sizeof header} + header.shape + header.plan_holes + header.stored_holes + header.plan + header.stored;
  bool aligned = (header.shape | header.plan_holes | header.stored_holes) % alignof(PlanHole) == 0;
  bool whole = header.plan_holes % sizeof(PlanHole) == 0 && header.stored_holes % sizeof(PlanHole) == 0;
  if (memcmp(header.magic, magic, sizeof magic) != 0 || size != bytes.size || !aligned || !whole) return false;
  if (digest_of({bytes.data + digest_end, bytes.size - digest_end}) != header.digest) return false;
  uint8_t *cursor = entry.memory.data() + sizeof header;
  auto part = [&](size_t length) {
    uint8_t *start = cursor;
    cursor += length;
    return start;
  };
  entry.shape = {part(header.shape), header.shape};
  entry.plan_holes = reinterpret_cast<const PlanHole *>(part(header.plan_holes));
  entry.plan_hole_count = header.plan_holes / sizeof(PlanHole);
  entry.stored_holes = reinterpret_cast<const PlanHole *>(part(header.stored_holes));
  entry.stored_hole_count = header.stored_holes / sizeof(PlanHole);
  entry.plan = part(header.plan);
  entry.plan_size = header.plan;
  entry.stored = part(header.stored);
  entry.stored_size = header.stored;
  return true;
}

// Of a shape in a file: its bytes, filled up so that numbers may follow.
size_t padded(size_t size) { return (size + 7) / 8 * 8; }

bool is_shape(Bytes kept, Bytes shape) {
  if (kept.size != padded(shape.size) || memcmp(kept.data, shape.data, shape.size) != 0) return false;
  for (size_t i = shape.size; i < kept.size; i++) {
    if (kept.data[i] != 0) return false;
  }
  return true;
}

} // namespace

bool PlanStore::open(int root, bool create) {
  int above = root;
  Fd held;
  for (const char *name : {".cache", "plans"}) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(above, name, flags);
    if (fd < 0 && errno == ENOENT && create) {
      if (mkdirat(above, name, 0700) != 0 && errno != EEXIST) return false;
      fd = openat(above, name, flags);
    }
    if (fd < 0) return false;
    held.reset(fd);
    above = fd;
  }
  struct stat info;
  if (fstat(held.get(), &info) != 0 || info.st_uid != geteuid() || (info.st_mode & others) != 0) return false;
  folder_ = static_cast<Fd &&>(held);
  return true;
}

bool PlanStore::knows(uint64_t config) {
  EntryName name;
  add_hex(name, config);
  name.add_char('-');
  bool hit = false;
  find_dirent(folder_.get(), [&](const DirectoryEntry &entry) {
    hit = strncmp(entry.name, name.c_str(), name.size()) == 0;
    return !hit;
  });
  return hit;
}

bool PlanStore::read(uint64_t config, uint64_t request, Bytes shape, PlanEntry &entry) {
  EntryName name;
  name_entry(name, config, request);
  Fd file(openat(folder_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return false;
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & others) != 0 || info.st_nlink > 1)
    return false;
  size_t size = static_cast<size_t>(info.st_size);
  if (size > entry_max || !entry.memory.reserve(size + 1)) return false;
  if (pread(file.get(), entry.memory.data(), size, 0) != static_cast<ssize_t>(size)) return false;
  entry.memory.set_size(size);
  if (!divide(entry.memory.bytes(), entry) || !is_shape(entry.shape, shape)) return false;
  // Its place among the last used, too. Two at once may count as one.
  uint64_t hits;
  memcpy(&hits, entry.memory.data() + offsetof(Header, hits), sizeof hits);
  hits++;
  [[maybe_unused]] ssize_t counted = pwrite(file.get(), &hits, sizeof hits, offsetof(Header, hits));
  return true;
}

void PlanStore::write(uint64_t config, uint64_t request, const NewPlanEntry &entry) {
  Header header = {};
  memcpy(header.magic, magic, sizeof magic);
  header.shape = static_cast<uint32_t>(padded(entry.shape.size));
  header.plan_holes = static_cast<uint32_t>(entry.plan_holes.size);
  header.stored_holes = static_cast<uint32_t>(entry.stored_holes.size);
  header.plan = static_cast<uint32_t>(entry.plan.size);
  header.stored = static_cast<uint32_t>(entry.stored.size);
  size_t size = sizeof header + header.shape + header.plan_holes + header.stored_holes + header.plan + header.stored;
  Buffer file;
  if (size > entry_max || !file.reserve(size)) return;
  file.add(&header, sizeof header);
  file.add(entry.shape.data, entry.shape.size);
  file.set_size(sizeof header + header.shape);
  for (Bytes part : {entry.plan_holes, entry.stored_holes, entry.plan, entry.stored}) file.add(part.data, part.size);
  header.digest = digest_of({file.data() + digest_end, file.size() - digest_end});
  memcpy(file.data(), &header, sizeof header);
  EntryName name;
  name_entry(name, config, request);
  int step;
  if (replace_file(folder_.get(), name.c_str(), file.bytes(), 0600, step) == 0) trim();
}

void PlanStore::trim() {
  constexpr uint32_t rounds = 8;
  for (uint32_t round = 0; round < rounds; round++) {
    uint32_t count = 0;
    uint64_t bytes = 0;
    lseek(folder_.get(), 0, SEEK_SET);
    for_each_entry(folder_.get(), [&](const char *name) {
      struct stat info;
      if (fstatat(folder_.get(), name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
      count++;
      bytes += static_cast<uint64_t>(info.st_size);
    });
    if (count <= entries_max && bytes <= bytes_max) return;
    remove_oldest(folder_.get(), bytes > bytes_max ? 0 : entries_max, [](const char *) { return true; });
  }
}

} // namespace veloci

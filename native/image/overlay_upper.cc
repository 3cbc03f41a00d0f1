#include "image/overlay_upper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file/files.h"
#include "image/attributes.h"
#include "image/overlay_marks.h"

namespace veloci {
namespace {

// What a layer says about a path: LayerWriter::marks.
struct Mark {
  const char *path;
  uint32_t layer;
  char what;
};

constexpr char implied = 'i', whiteout = 'w';

int compare(const void *a, const void *b) {
  auto *one = static_cast<const Mark *>(a), *other = static_cast<const Mark *>(b);
  int order = strcmp(one->path, other->path);
  if (order == 0) order = one->layer < other->layer ? -1 : one->layer > other->layer;
  return order != 0 ? order : one->what - other->what;
}

// What one layer has at a path.
struct Place {
  enum class Kind : uint8_t {
    absent,    // nothing: what is below counts
    hidden,    // nothing, and what is below is hidden
    directory, // `fd`
    other,     // something that is no directory
  };
  Kind kind = Kind::absent;
  Fd fd;
  // Whether a directory that it lies in hides what is below.
  bool opaque = false;
};

// Copies the next name of a path, and returns what follows it.
const char *next_name(const char *path, Text &name) {
  const char *end = strchrnul(path, '/');
  name.clear();
  name.add(path, static_cast<size_t>(end - path));
  return *end == '/' ? end + 1 : end;
}

class Upper {
public:
  Upper(int upper, const JoinedLayer *layers, uint32_t count, uint32_t &culprit, ImageFault &fault)
      : upper_(upper), layers_(layers), count_(count), culprit_(culprit), fault_(fault) {}

  bool run();

private:
  bool collect();
  bool has_mark(char what, uint32_t layer, const char *path) const;
  bool look(uint32_t layer, const char *path, Place &place);
  bool visible(const char *path, Fd &source, bool &lower);
  bool make(const char *path);
  bool adjust(const char *path);

  int upper_;
  const JoinedLayer *layers_;
  uint32_t count_;
  uint32_t &culprit_;
  ImageFault &fault_;
  Buffer known_, made_, offsets_;
  size_t known_count_ = 0;
};

bool Upper::collect() {
  for (uint32_t i = 0; i < count_; i++) {
    const Str &marks = layers_[i].marks;
    for (const char *mark = marks.data, *end = marks.data + marks.size; mark < end; mark += strlen(mark) + 1) {
      if (*mark != implied && *mark != whiteout) continue;
      Mark known{mark + 1, i, *mark};
      if (!known_.add(&known, sizeof known)) return fault_.system("reserve memory", errno);
      known_count_++;
    }
  }
  if (known_count_ > 0) qsort(known_.data(), known_count_, sizeof(Mark), compare);
  return true;
}

bool Upper::has_mark(char what, uint32_t layer, const char *path) const {
  Mark wanted{path, layer, what};
  return known_count_ > 0 && bsearch(&wanted, known_.bytes().data, known_count_, sizeof wanted, compare) != nullptr;
}

bool Upper::look(uint32_t layer, const char *path, Place &place) {
  place = {};
  place.fd.reset(openat(layers_[layer].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!place.fd.valid()) return fault_.system("open a layer", errno);
  for (const char *rest = path; *rest != 0;) {
    TextOf<256> name;
    rest = next_name(rest, name);
    place.opaque = place.opaque || is_opaque(place.fd.get());
    struct stat status;
    if (fstatat(place.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT && errno != EACCES) return fault_.system("look at", errno, Str::of(path));
      // Where a user may not look he finds nothing to show either.
      place.kind = place.opaque || errno == EACCES ? Place::Kind::hidden : Place::Kind::absent;
      return true;
    }
    if (!S_ISDIR(status.st_mode)) {
      bool none = S_ISCHR(status.st_mode) && status.st_rdev == 0;
      place.kind = *rest == 0 && !none ? Place::Kind::other : Place::Kind::hidden;
      return true;
    }
    Fd next(openat(place.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) {
      place.kind = Place::Kind::hidden;
      return errno == EACCES || fault_.system("open a directory", errno, Str::of(path));
    }
    place.fd = static_cast<Fd &&>(next);
  }
  place.kind = Place::Kind::directory;
  return true;
}

// The directory whose attributes a path has, if it is one; `lower`: overlay would show those of another.
bool Upper::visible(const char *path, Fd &source, bool &lower) {
  uint32_t top = count_;
  source.reset();
  lower = false;
  for (uint32_t i = count_; i-- > 0;) {
    Place place;
    if (!look(i, path, place)) return false;
    if (place.kind == Place::Kind::absent) continue;
    if (place.kind == Place::Kind::other && top < count_) {
      // Others would follow a link here.
      culprit_ = top;
      return fault_.set(ImageFault::Kind::through, "", Str::of(path));
    }
    if (place.kind != Place::Kind::directory) return true;
    if (top == count_) top = i;
    bool is_entry = !has_mark(implied, i, path);
    source = static_cast<Fd &&>(place.fd);
    if (is_entry) {
      lower = i != top;
      return true;
    }
    // A mark in the directory itself is about what lies in it.
    if (place.opaque || has_mark(whiteout, i, path)) return true;
  }
  return true;
}

// Makes the directories of a path, and notes those that are new.
bool Upper::make(const char *path) {
  Fd above(openat(upper_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const char *rest = path; *rest != 0;) {
    TextOf<256> name;
    rest = next_name(rest, name);
    bool is_new = mkdirat(above.get(), name.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return fault_.system("make a directory", errno, Str::of(path));
    above.reset(openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!above.valid()) return fault_.system("open a directory", errno, Str::of(path));
    if (!is_new) continue;
    size_t offset = made_.size(), length = static_cast<size_t>(rest - path) - (*rest == 0 ? 0 : 1);
    if (!offsets_.add(&offset, sizeof offset) || !made_.add(path, length) || !made_.add("", 1))
      return fault_.system("reserve memory", errno);
  }
  return true;
}

bool Upper::adjust(const char *path) {
  Fd source;
  bool lower;
  if (!visible(path, source, lower)) return false;
  if (!source.valid()) return true;
  Fd directory(openat(upper_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const char *rest = path; *rest != 0 && directory.valid();) {
    TextOf<256> name;
    rest = next_name(rest, name);
    directory.reset(openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  struct stat status;
  if (!directory.valid() || fstat(source.get(), &status) != 0)
    return fault_.system("open a directory", errno, Str::of(path));
  return copy_attributes(directory.get(), source.get(), status, Str::of(path), fault_);
}

bool Upper::run() {
  if (!collect()) return false;
  auto *known = reinterpret_cast<const Mark *>(known_.data());
  const char *last = nullptr;
  for (size_t i = 0; i < known_count_; i++) {
    const char *path = known[i].path;
    if (known[i].what != implied || (last != nullptr && strcmp(path, last) == 0)) continue;
    last = path;
    Fd source;
    bool lower;
    if (!visible(path, source, lower) || (lower && !make(path))) return false;
  }
  // The deepest first: each changes the time of the one that it lies in.
  auto *offsets = reinterpret_cast<const size_t *>(offsets_.data());
  for (size_t i = offsets_.size() / sizeof *offsets; i > 0; i--) {
    if (!adjust(reinterpret_cast<const char *>(made_.data()) + offsets[i - 1])) return false;
  }
  return adjust("");
}

} // namespace

bool fill_upper(int upper, const JoinedLayer *layers, uint32_t count, uint32_t &culprit, ImageFault &fault) {
  culprit = 0;
  return Upper(upper, layers, count, culprit, fault).run();
}

} // namespace veloci

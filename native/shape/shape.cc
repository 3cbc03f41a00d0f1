#include "shape/shape.h"
#include <initializer_list>

namespace veloci {

namespace {

// Stands before the number of a name; no text may have it.
constexpr char mark = 1;
constexpr size_t text_max = 256 * 1024;
constexpr size_t places_max = 4096;

uint32_t digits_of(Str text) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < text.size; i++) count += text.data[i] >= '0' && text.data[i] <= '9';
  return count;
}

// Whether every text of these letters is the id, wherever it stands: no word that a configuration knows looks like it.
bool is_telling(Str id) {
  constexpr uint32_t length = 12, digits = 4;
  if (id.size < length || digits_of(id) < digits) return false;
  for (uint32_t i = 0; i < id.size; i++) {
    if (id.data[i] >= 'A' && id.data[i] <= 'Z') return false;
  }
  return true;
}

bool is_hex_name(Str id) {
  Token token = find_hex(id, 0);
  return token.start == 0 && token.size == id.size && token.exists();
}

bool begins_with(Str text, const char *head) {
  size_t size = strlen(head);
  return text.size >= size && memcmp(text.data, head, size) == 0;
}

// A path of at least two components, and not one that has a meaning.
bool is_own_path(Str path) {
  constexpr uint32_t shortest = 8;
  if (path.size < shortest || path.data[0] != '/') return false;
  for (const char *head : {"/proc/", "/sys/", "/dev/"}) {
    if (begins_with(path, head)) return false;
  }
  // What engines call a bundle is a name by itself.
  if (find_hex(path, 0).exists()) return false;
  for (uint32_t i = 0; i < path.size; i++) {
    char c = path.data[i];
    if (!is_alphanumeric(c) && strchr("/-_.", c) == nullptr) return false;
  }
  return memchr(path.data + 1, '/', path.size - 1) != nullptr;
}

// Bytes of a path that are the same in all of a shape.
size_t fixed_of(Str path) {
  const void *slash = memchr(path.data + 1, '/', path.size - 1);
  return slash == nullptr ? path.size : static_cast<size_t>(static_cast<const char *>(slash) - path.data);
}

// What all names in one place have in common.
char class_of(char c, NameKind kind, bool fixed) {
  if (!is_alphanumeric(c) || fixed) return c;
  if (kind == NameKind::hex || kind == NameKind::path) return 'x';
  return c <= '9' ? '0' : c <= 'Z' ? 'A' : 'a';
}

} // namespace

bool Shape::begin(Str id, Str bundle, Str socket) {
  if (is_hex_name(id)) {
    if (!declare(id, NameKind::hex)) return false;
  } else if (is_telling(id)) {
    id_ = id;
    if (!declare(id, NameKind::word)) return false;
  } else if (digits_of(id) > 0) {
    short_id_ = id;
  }
  if (is_own_path(bundle)) {
    bundle_ = bundle;
    if (!declare(bundle, NameKind::path)) return false;
  }
  if (is_own_path(socket) && !(socket == bundle)) {
    socket_ = socket;
    if (!declare(socket, NameKind::path)) return false;
  }
  return true;
}

bool Shape::declare(Str text, NameKind kind) {
  if (count_ == names_max) return false;
  names_[count_++] = {text, kind};
  uint8_t head[] = {mark, static_cast<uint8_t>(kind), static_cast<uint8_t>(text.size),
                    static_cast<uint8_t>(text.size >> 8)};
  if (text.size > UINT16_MAX || !canonical_.add(head, sizeof head)) return false;
  size_t fixed = kind == NameKind::path ? fixed_of(text) : 0;
  for (uint32_t i = 0; i < text.size; i++) {
    char c = class_of(text.data[i], kind, i < fixed);
    if (!canonical_.add(&c, 1)) return false;
  }
  return true;
}

// Short forms are the beginnings of names.
bool Shape::find_name(Str text, NameKind kind, uint32_t &index) {
  for (index = 0; index < count_; index++) {
    const ShapeName &name = names_[index];
    if (name.kind != kind) continue;
    bool whole = name.text.size == text.size;
    bool begins = kind == NameKind::hex && text.size == 12 && name.text.size > text.size && name.text.size != 36;
    if ((whole || begins) && memcmp(name.text.data, text.data, text.size) == 0) return true;
  }
  return declare(text, kind);
}

bool Shape::take(Str text, const Token &token) {
  Str name{text.data + token.start, static_cast<uint32_t>(token.size)};
  uint32_t index;
  if (place_count_ == places_max || !find_name(name, token.kind, index)) return false;
  uint8_t head[] = {mark, static_cast<uint8_t>(0x80 | index), static_cast<uint8_t>(token.size),
                    static_cast<uint8_t>(token.size >> 8)};
  Place place{static_cast<uint32_t>(offset_ + token.start), name.size, index};
  place_count_++;
  return canonical_.add(head, sizeof head) && places_.add(&place, sizeof place);
}

Token Shape::next(Str text, size_t from, unsigned finder) const {
  switch (finder) {
  case 0: return find_hex(text, from);
  case 1: return find_moment(text, from);
  case 2: return find_pid(text, from);
  case 3: return id_.empty() ? Token{} : find_known(text, from, id_, NameKind::word);
  case 4: return bundle_.empty() ? Token{} : find_known(text, from, bundle_, NameKind::path);
  case 5: return socket_.empty() ? Token{} : find_known(text, from, socket_, NameKind::path);
  default: return {};
  }
}

bool Shape::add_pieces(Str text, bool with_id) {
  if (text.size > text_max || memchr(text.data, mark, text.size) != nullptr) return false;
  Token tokens[finders];
  for (unsigned finder = 0; finder < finders; finder++) tokens[finder] = next(text, 0, finder);
  if (with_id) {
    TextOf<272> member;
    member.add("\"id\":\"").add(short_id_).add_char('"');
    Token hit = find_known(text, 0, member.str(), NameKind::word);
    constexpr size_t key = 6;
    if (hit.exists()) tokens[finders - 1] = {hit.start + key, short_id_.size, NameKind::word};
  }
  size_t cursor = 0;
  for (;;) {
    const Token *first = nullptr;
    for (unsigned finder = 0; finder < finders; finder++) {
      Token &token = tokens[finder];
      if (token.exists() && token.start < cursor) token = next(text, cursor, finder);
      if (!token.exists()) continue;
      bool better =
          first == nullptr || token.start < first->start || (token.start == first->start && token.size > first->size);
      if (better) first = &token;
    }
    size_t end = first == nullptr ? text.size : first->start;
    if (end > cursor && !canonical_.add(text.data + cursor, end - cursor)) return false;
    if (first == nullptr) break;
    if (!take(text, *first)) return false;
    cursor = first->start + first->size;
  }
  offset_ += text.size;
  return true;
}

bool Shape::add(Str text) {
  size_t from = canonical_.size();
  if (!add_pieces(text, false)) return false;
  // A short id that stands elsewhere, too, may be a word of the configuration: it stays what it is.
  if (!short_id_.empty() &&
      memmem(canonical_.data() + from, canonical_.size() - from, short_id_.data, short_id_.size) != nullptr)
    short_id_ = {};
  return true;
}

bool Shape::add_request(Str text) {
  if (short_id_.empty()) return add_pieces(text, false);
  size_t size = canonical_.size(), places = place_count_, offset = offset_;
  uint32_t count = count_;
  if (!add_pieces(text, true)) return false;
  // Its own letters are none of what its declaration says.
  bool elsewhere =
      memmem(canonical_.data() + size, canonical_.size() - size, short_id_.data, short_id_.size) != nullptr;
  if (!elsewhere) return true;
  short_id_ = {};
  canonical_.set_size(size);
  place_count_ = places;
  places_.set_size(places * sizeof(Place));
  offset_ = offset;
  count_ = count;
  return add_pieces(text, false);
}

bool Shape::add_literal(Str text) {
  if (memchr(text.data, mark, text.size) != nullptr) return false;
  offset_ += text.size;
  return canonical_.add(text.data, text.size);
}

void Shape::rename(Str text, size_t offset, const Bytes (&names)[names_max], uint8_t *out) const {
  memcpy(out, text.data, text.size);
  const auto *places = reinterpret_cast<const Place *>(places_.bytes().data);
  for (size_t i = 0; i < place_count_; i++) {
    const Place &place = places[i];
    if (place.offset < offset || place.offset >= offset + text.size) continue;
    memcpy(out + (place.offset - offset), names[place.name].data, place.size);
  }
}

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

uint32_t hex_value(char c) { return static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10); }

// By how much to turn hexadecimal digits, so that the first one becomes a letter where it is none, and the reverse.
uint32_t turn_of(char first, uint32_t index) {
  uint32_t value = hex_value(first);
  return value >= 10 ? 6 + index % 5 : 10 - value + index % 6;
}

char turn(char c, char first, NameKind kind, uint32_t index) {
  if (!is_alphanumeric(c)) return c;
  if (kind == NameKind::hex) return hex_digits[(hex_value(c) + turn_of(first, index)) % 16];
  bool digit = c <= '9';
  // A path may have a letter where another one has a digit.
  if (kind == NameKind::path)
    return digit ? static_cast<char>('a' + (c - '0' + index) % 26) : hex_digits[(c + index) % 10];
  if (digit) return static_cast<char>('0' + (c - '0' + 1 + index % 8) % 10);
  char base = c <= 'Z' ? 'A' : 'a';
  return static_cast<char>(base + (c - base + 1 + (7 * index + 5) % 24) % 26);
}

} // namespace

bool other_names(const Shape &shape, Buffer &memory, Bytes (&names)[Shape::names_max]) {
  size_t size = 0;
  for (uint32_t i = 0; i < shape.name_count(); i++) size += shape.name(i).text.size;
  if (!memory.reserve(size + 1)) return false;
  uint8_t *out = memory.data();
  for (uint32_t i = 0; i < shape.name_count(); i++) {
    const auto &[text, kind] = shape.name(i);
    size_t fixed = kind == NameKind::path ? fixed_of(text) : 0;
    for (uint32_t cursor = 0; cursor < text.size; cursor++) {
      char c = text.data[cursor];
      out[cursor] = static_cast<uint8_t>(cursor < fixed ? c : turn(c, text.data[0], kind, i));
    }
    names[i] = {out, text.size};
    out += text.size;
  }
  return true;
}

uint64_t digest_of(Bytes bytes) {
  constexpr uint64_t factor = 0x9e3779b97f4a7c15;
  uint64_t sum = bytes.size * factor;
  const uint8_t *data = bytes.data;
  size_t remaining = bytes.size;
  while (remaining > 0) {
    uint64_t word = 0;
    size_t count = remaining < sizeof word ? remaining : sizeof word;
    memcpy(&word, data, count);
    sum = (sum ^ word) * factor;
    sum ^= sum >> 32;
    data += count;
    remaining -= count;
  }
  return sum;
}

} // namespace veloci

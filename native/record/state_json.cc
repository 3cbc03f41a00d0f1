#include "record/state_json.h"

namespace veloci {
namespace {

constexpr unsigned depth_max = 64;

// A place in a JSON text (RFC 8259).
class Place {
public:
  explicit Place(Str text) : position_(text.data), end_(text.data + text.size) {}

  bool at_end() {
    blanks();
    return position_ == end_;
  }
  // Passes over a character, if it is the next one but for blanks.
  bool take(char c) {
    blanks();
    if (position_ == end_ || *position_ != c) return false;
    position_++;
    return true;
  }
  bool string(Str &value) {
    blanks();
    const char *begin = position_;
    if (!take('"')) return false;
    while (position_ < end_ && *position_ != '"') {
      if (static_cast<unsigned char>(*position_) < ' ' || (*position_ == '\\' && !escape())) return false;
      position_++;
    }
    if (position_ == end_) return false;
    position_++;
    value = {begin, static_cast<uint32_t>(position_ - begin)};
    return true;
  }
  bool value(Str &value, unsigned depth) {
    blanks();
    const char *begin = position_;
    if (position_ == end_) return false;
    bool whole = *position_ == '"' ? string(value) : *position_ == '{' || *position_ == '[' ? group(depth) : word();
    if (whole) value = {begin, static_cast<uint32_t>(position_ - begin)};
    return whole;
  }
  // The members of an object; the elements of an array have empty names. Use(name, value) takes them.
  template <class Use> bool members(char open, unsigned depth, Use use) {
    if (depth == depth_max || !take(open)) return false;
    char close = open == '{' ? '}' : ']';
    if (take(close)) return true;
    do {
      Str name, member;
      if (open == '{' && (!string(name) || !take(':'))) return false;
      if (!value(member, depth + 1)) return false;
      use(name, member);
    } while (take(','));
    return take(close);
  }

private:
  void blanks() {
    while (position_ < end_ && (*position_ == ' ' || *position_ == '\n' || *position_ == '\r' || *position_ == '\t'))
      position_++;
  }
  bool group(unsigned depth) {
    return members(*position_, depth, [](Str, Str) {});
  }
  // Leaves the place on the last character.
  bool escape() {
    if (++position_ == end_ || *position_ == 0 || strchr("\"\\/bfnrtu", *position_) == nullptr) return false;
    if (*position_ != 'u') return true;
    constexpr int digits = 4;
    for (int i = 0; i < digits; i++) {
      if (++position_ == end_ || *position_ == 0 || strchr("0123456789abcdefABCDEF", *position_) == nullptr)
        return false;
    }
    return true;
  }
  // A number or a literal.
  bool word() {
    const char *begin = position_;
    while (position_ < end_ && *position_ != 0 &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *position_) != nullptr)
      position_++;
    Str token{begin, static_cast<uint32_t>(position_ - begin)};
    if (token == Str::of("true") || token == Str::of("false") || token == Str::of("null")) return true;
    return !token.empty() && strchr("-0123456789", *begin) != nullptr && strspn(begin, "+-.eE0123456789") >= token.size;
  }

  const char *position_, *end_;
};

// Counts what a Text would get.
struct Length {
  size_t size = 0;
  void add_char(char) { size++; }
  void add(const char *text) { size += strlen(text); }
};

template <class Out> void indent(Out &out, Str value, unsigned depth) {
  auto line = [&] {
    out.add_char('\n');
    for (unsigned i = 0; i < depth; i++) out.add("  ");
  };
  bool quoted = false;
  for (uint32_t i = 0; i < value.size; i++) {
    char c = value.data[i];
    if (quoted) {
      out.add_char(c);
      if (c == '\\' && i + 1 < value.size)
        out.add_char(value.data[++i]);
      else if (c == '"')
        quoted = false;
      continue;
    }
    switch (c) {
    case ' ':
    case '\n':
    case '\r':
    case '\t': break;
    case '{':
    case '[':
      out.add_char(c);
      depth++;
      line();
      break;
    case '}':
    case ']':
      depth--;
      line();
      out.add_char(c);
      break;
    case ',':
      out.add_char(c);
      line();
      break;
    case ':': out.add(": "); break;
    default: quoted = c == '"'; out.add_char(c);
    }
  }
}

} // namespace

bool parse_state_json(Str text, StateJson &state) {
  const struct {
    const char *name;
    Str *value;
  } known[] = {
      {"ociVersion", &state.version},
      {"id", &state.id},
      {"pid", &state.pid},
      {"bundle", &state.bundle},
      {"rootfs", &state.rootfs},
      {"created", &state.created},
      {"owner", &state.owner},
      {"annotations", &state.annotations},
  };
  Place place(text);
  bool whole = place.members('{', 0, [&](Str name, Str value) {
    for (const auto &member : known) {
      if (is_json_string(name, Str::of(member.name))) *member.value = value;
    }
  });
  return whole && place.at_end() && !state.version.empty() && !state.id.empty() && !state.bundle.empty();
}

bool is_json_string(Str value, Str text) { return json_string_content(value) == text; }

Str json_string_content(Str value) {
  if (value.size < 2 || value.data[0] != '"') return {};
  return {value.data + 1, value.size - 2};
}

void add_indented(Text &out, Str value, unsigned depth) { indent(out, value, depth); }

size_t indented_size(Str value, unsigned depth) {
  Length length;
  indent(length, value, depth);
  return length.size;
}

} // namespace veloci

// The shape of starts. Without arguments: what names are. With `serve`: answers the cases of shape.test.ts.
#include "check.h"
#include "shape/holes.h"
#include <stdlib.h>
#include <string.h>
#include <string>
#include <vector>

using namespace veloci;

namespace {

constexpr char hex64[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Str str(const std::string &text) { return {text.c_str(), static_cast<uint32_t>(text.size())}; }

std::string found_hex(const std::string &text) {
  Token token = find_hex(str(text), 0);
  return text.substr(token.start, token.size);
}

// The shape of one text, with an id and a bundle.
std::string shape_of(const char *id, const char *bundle, const std::string &config, const std::string &request = "") {
  Shape shape;
  CHECK(shape.begin(Str::of(id), Str::of(bundle), {}) && shape.add(str(config)) && shape.add_request(str(request)));
  Bytes bytes = shape.bytes();
  return {reinterpret_cast<const char *>(bytes.data), bytes.size};
}

void check_tokens() {
  std::string name = hex64;
  CHECK(found_hex("/x/" + name + "/y") == name);
  CHECK(found_hex("x-" + name.substr(0, 32) + ".scope") == name.substr(0, 32));
  CHECK(found_hex("\"" + name.substr(4, 12) + "\"") == name.substr(4, 12));
  CHECK(found_hex("netns-ecd18182-84bc-aebb-db50-3d7d67e2ea6d\"") == "ecd18182-84bc-aebb-db50-3d7d67e2ea6d");
  // Longer and shorter runs, parts of words, numbers, escapes.
  CHECK(found_hex(name + "0").empty());
  CHECK(found_hex(name.substr(1)).empty());
  CHECK(found_hex("x" + name).empty());
  CHECK(found_hex(name + "G").empty());
  CHECK(found_hex(":123456789012,").empty());
  CHECK(found_hex("\"deadbeefdead\"").empty());
  CHECK(found_hex("\\b1234567890a\"").empty());
  CHECK(found_hex("\\u1234567890ab\"").empty());
  std::string moment = "\"2026-12-01T20:52:13.114765061Z\"";
  Token token = find_moment(str(moment), 0);
  CHECK(token.start == 1 && token.size == moment.size() - 3);
  CHECK(!find_moment(Str::of("\"2026-12-01T20:52:13\""), 0).exists());
  token = find_pid(Str::of("\"/proc/418/ns/net\""), 0);
  CHECK(token.start == 7 && token.size == 3);
  CHECK(!find_pid(Str::of("/proc/1/ns/net"), 0).exists() && !find_pid(Str::of("/proc/self/ns/net"), 0).exists());
}

void check_shapes() {
  std::string one = hex64, two = one;
  two[0] = 'f', two[63] = '0';
  auto config = [](const std::string &name) { return "{\"a\":\"" + name + "\",\"b\":\"" + name.substr(0, 12) + "\"}"; };
  CHECK(shape_of("a", "", config(one)) == shape_of("a", "", config(two)));
  CHECK(shape_of("a", "", config(one) + config(one)) != shape_of("a", "", config(one) + config(two)));
  // A short id is a name in the request alone, and nowhere when it stands elsewhere, too.
  CHECK(shape_of("c1", "", "{}", "\"id\":\"c1\"") == shape_of("d2", "", "{}", "\"id\":\"d2\""));
  CHECK(shape_of("c1", "", "{c1}", "\"id\":\"c1\"") != shape_of("d2", "", "{d2}", "\"id\":\"d2\""));
  CHECK(shape_of("c1", "", "{}", "\"id\":\"c1\",c1") != shape_of("d2", "", "{}", "\"id\":\"d2\",d2"));
  CHECK(shape_of("proc", "", "{}", "\"id\":\"proc\"") != shape_of("init", "", "{}", "\"id\":\"init\""));
  CHECK(shape_of("c1", "", "{}", "\"id\":\"c1\"") != shape_of("c12", "", "{}", "\"id\":\"c12\""));
  // One that is like no word is one everywhere.
  CHECK(shape_of("job-2026-0001", "", "{job-2026-0001}") == shape_of("job-2026-0002", "", "{job-2026-0002}"));
  CHECK(shape_of("a", "/tmp/b1", "{/tmp/b1/x}") != shape_of("a", "/tmp/b2", "{/tmp/b2/x}"));
  CHECK(shape_of("a", "/tmp/bundle1", "{/tmp/bundle1/x}") == shape_of("a", "/tmp/bundleX", "{/tmp/bundleX/x}"));
  CHECK(shape_of("a", "/tmp/bundle1", "{}") != shape_of("a", "/srv/bundle1", "{}"));
  CHECK(shape_of("a", "/proc/bundle1", "{}") == shape_of("a", "/tmp/bundle1", "{}") ? false : true);
  Shape shape;
  CHECK(shape.begin({}, {}, {}) && !shape.add(Str::of("{\1}")));
}

// The case's texts: id, bundle, console socket, configuration, request.
struct Start {
  std::string texts[5];
  Shape shape;

  bool read_shape() {
    return shape.begin(str(texts[0]), str(texts[1]), str(texts[2])) && shape.add(str(texts[3])) &&
           shape.add_request(str(texts[4]));
  }
};

bool read_text(std::string &text) {
  uint32_t size;
  if (fread(&size, sizeof size, 1, stdin) != 1) return false;
  text.resize(size);
  return size == 0 || fread(text.data(), size, 1, stdin) == 1;
}

void write_text(const std::string &text) {
  uint32_t size = static_cast<uint32_t>(text.size());
  fwrite(&size, sizeof size, 1, stdout);
  fwrite(text.data(), 1, size, stdout);
}

bool read_start(Start &start) {
  for (std::string &text : start.texts) {
    if (!read_text(text)) return false;
  }
  return true;
}

// Writes configuration and request of each start under other names; nothing where it cannot be remembered.
int serve_names() {
  for (;;) {
    Start start;
    if (!read_start(start)) return 0;
    Buffer memory;
    Bytes names[Shape::names_max];
    bool good = start.read_shape() && other_names(start.shape, memory, names);
    size_t offset = 0;
    for (int i : {3, 4}) {
      std::string renamed(start.texts[i].size(), 0);
      if (good) start.shape.rename(str(start.texts[i]), offset, names, reinterpret_cast<uint8_t *>(renamed.data()));
      offset += renamed.size();
      write_text(good ? renamed : "");
    }
  }
}

// Of each start, what was made of it and of its other names, and another start: what a hit makes of the latter. `-`:
// the shapes differ; `!`: nothing is remembered.
int serve_fills() {
  for (;;) {
    Start first, second;
    std::string made, other;
    if (!read_start(first) || !read_text(made) || !read_text(other) || !read_start(second)) return 0;
    Buffer memory, holes;
    Bytes names[Shape::names_max];
    auto bytes = [](const std::string &text) {
      return Bytes{reinterpret_cast<const uint8_t *>(text.data()), text.size()};
    };
    bool kept = first.read_shape() && other_names(first.shape, memory, names) &&
                find_holes(first.shape, names, bytes(made), bytes(other), holes);
    if (!kept) {
      write_text("!");
      continue;
    }
    bool known = second.read_shape();
    Bytes one = first.shape.bytes(), two = second.shape.bytes();
    if (!known || one.size != two.size || memcmp(one.data, two.data, one.size) != 0) {
      write_text("-");
      continue;
    }
    auto *list = reinterpret_cast<const PlanHole *>(holes.data());
    size_t count = holes.size() / sizeof(PlanHole);
    CHECK(fits(second.shape, list, count, made.size()));
    fill_holes(second.shape, list, count, reinterpret_cast<uint8_t *>(made.data()));
    write_text("=" + made);
  }
}

} // namespace

int main(int count, char **arguments) {
  if (count > 1) return strcmp(arguments[1], "names") == 0 ? serve_names() : serve_fills();
  check_tokens();
  check_shapes();
  return test::failures == 0 ? 0 : 1;
}

// Readers of bytes that others have written, one per first byte: CRIU's answers, records, durations, signals, schemata
// of resctrl, interpreters of programs, escapes, state.json. No access out of bounds, and what they promise holds.
#include <fcntl.h>
#include <initializer_list>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "executor/criu/criu_message.h"
#include "executor/rdt/resctrl.h"
#include "executor/log/utf8.h"
#include "json/scan.h"
#include "init/program/interpreter.h"
#include "record/record.h"
#include "record/state_json.h"

using namespace veloci;

namespace {

void expect(bool good) {
  if (!good) abort();
}

void criu(Bytes bytes) {
  CriuResponse response;
  read_criu_response(bytes, response);
  expect(response.version <= 99999999 + 9999);
  CriuPagemap pagemap;
  read_criu_pagemap(bytes, pagemap);
}

// Walks a record of these bytes, and adds to it.
void record(Bytes bytes) {
  static Record record;
  record = {};
  memcpy(static_cast<void *>(&record), bytes.data, bytes.size < sizeof record ? bytes.size : sizeof record);
  record_whole(record, static_cast<int64_t>(bytes.size));
  RecordCgroups groups(record);
  RecordCgroup cgroup;
  uint32_t count = 0;
  while (groups.next(cgroup)) {
    expect(strlen(cgroup.mount.c_str()) == cgroup.mount.size && strlen(cgroup.path.c_str()) == cgroup.path.size);
    expect(++count <= record.cgroup_count);
  }
  record_add_cgroup(record, Str::of("/sys/fs/cgroup"), Str::of("a/b"));
  record_stamp(record, 1, 2, 3);
}

// What is taken out of a state.json fits into the room that was asked for.
void state_json(Str text) {
  static char room[1 << 20];
  StateJson state;
  if (!parse_state_json(text, state)) return;
  for (Str value : {state.version, state.id, state.bundle, state.annotations}) {
    size_t size = indented_size(value, 1);
    if (size >= sizeof room) continue;
    Text out(room, size + 1);
    add_indented(out, value, 1);
    expect(out.complete() && out.size() == size);
  }
}

void schemata(Str text) {
  const char *end = static_cast<const char *>(memchr(text.data, '|', text.size));
  uint32_t size = end ? static_cast<uint32_t>(end - text.data) : text.size;
  resctrl::has_schema({text.data, size}, {text.data + size, text.size - size});
}

void interpreter(Bytes bytes) {
  static int file = memfd_create("program", 0);
  char path[64];
  TextOf<256> name;
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  expect(ftruncate(file, 0) == 0 && pwrite(file, bytes.data, bytes.size, 0) == static_cast<ssize_t>(bytes.size));
  find_interpreter(path, name);
}

// Whatever goes in, valid UTF-8 comes out; in a buffer that is too small, too, up to its cut.
void escapes(Str text) {
  TextOf<8192> whole;
  TextOf<64> small;
  auto printable = [](Text &out, Str value) -> Text & { return add_printable(out, value); };
  auto line = [](Text &out, Str value) -> Text & { return add_printable(out, value, true); };
  for (Text &(*add)(Text &, Str) : {add_json, add_quoted, +printable, +line}) {
    whole.clear();
    small.clear();
    add(whole, text);
    add(small, text);
    expect(!whole.complete() || utf8_valid(whole.str()));
    expect(add != +line || strchr(whole.c_str(), '\n') == nullptr);
    expect(small.size() < 64 && memcmp(small.data(), whole.data(), small.size()) == 0);
  }
  JsonScan found = json_scan({reinterpret_cast<const uint8_t *>(text.data), text.size});
  expect(found.utf8 == utf8_valid(text));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  // An exact copy with a NUL behind, as a Str has it.
  char *copy = static_cast<char *>(malloc(size));
  memcpy(copy, data + 1, size - 1);
  copy[size - 1] = '\0';
  Str text{copy, static_cast<uint32_t>(size - 1)};
  Bytes bytes{reinterpret_cast<const uint8_t *>(copy), size - 1};
  switch (data[0] % 6) {
  case 0: criu(bytes); break;
  case 1: record(bytes); break;
  case 2: schemata(text); break;
  case 3: interpreter(bytes); break;
  case 4: escapes(text); break;
  case 5: state_json(text); break;
  }
  free(copy);
  return 0;
}

// network_interfaces, from /proc/PID/net/dev.
#include "stats/stats.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

namespace veloci {

namespace {

constexpr size_t text_max = 256 * 1024;

bool is_own_namespace(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
  struct stat own, other;
  return stat("/proc/self/ns/net", &own) == 0 && stat(path, &other) == 0 && own.st_ino == other.st_ino;
}

// Columns of a line: eight counters of what was received, then eight of what was sent.
constexpr unsigned columns = 16;
struct Member {
  const char *key;
  unsigned column;
};
constexpr Member members[] = {
    {"RxBytes", 0}, {"RxPackets", 1}, {"RxErrors", 2},  {"RxDropped", 3},
    {"TxBytes", 8}, {"TxPackets", 9}, {"TxErrors", 10}, {"TxDropped", 11},
};

void write_interface(JsonWriter &json, Slice name, Slice rest) {
  uint64_t values[columns] = {};
  unsigned column = 0;
  while (!rest.empty() && column < columns) {
    Slice word = rest.cut(' ');
    if (word.empty()) continue;
    parse_count(word, values[column++]);
  }
  json.open('{').key("Name").string(name.str());
  for (const Member &member : members) json.key(member.key).number(values[member.column]);
  json.close('}');
}

} // namespace

void write_network(JsonWriter &json, int pid) {
  json.key("network_interfaces");
  Pages memory;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/net/dev", pid);
  if (is_own_namespace(pid) || !memory.allocate(text_max)) {
    json.null();
    return;
  }
  ssize_t size = read_text(AT_FDCWD, path, memory.data(), text_max);
  Slice lines{memory.data(), memory.data() + (size > 0 ? size : 0)};
  json.open('[');
  // Two lines of heads.
  lines.cut('\n');
  lines.cut('\n');
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    while (!line.empty() && *line.begin == ' ') line.begin++;
    Slice name = line.cut(':');
    if (!name.empty() && !name.equals("lo")) write_interface(json, name, line);
  }
  json.close(']');
}

} // namespace veloci

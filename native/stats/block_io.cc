// blkio: lists of {major, minor, op, value}.
#include "stats/stats.h"

namespace veloci {

namespace {

struct List {
  const char *key;
  // Its file on v1 without the prefix of the scheduler.
  const char *file;
};
constexpr List lists[] = {
    {"ioServiceBytesRecursive", "io_service_bytes_recursive"},
    {"ioServicedRecursive", "io_serviced_recursive"},
    {"ioQueueRecursive", "io_queued_recursive"},
    {"ioServiceTimeRecursive", "io_service_time_recursive"},
    {"ioWaitTimeRecursive", "io_wait_time_recursive"},
    {"ioMergedRecursive", "io_merged_recursive"},
    {"ioTimeRecursive", "time_recursive"},
    {"sectorsRecursive", "sectors_recursive"},
};

// Schedulers that keep such lists; `throttle` always does.
constexpr const char *prefixes[] = {"blkio.bfq.", "blkio.", "blkio.throttle."};

void write_entry(JsonWriter &json, uint32_t major, uint32_t minor, Str op, uint64_t value) {
  json.open('{').key("major").number(major).key("minor").number(minor);
  if (!op.empty()) json.key("op").string(op);
  json.key("value").number(value).close('}');
}

// Cuts `MAJOR:MINOR ` off a line.
bool cut_device(Slice &line, uint32_t &major, uint32_t &minor) {
  Slice device = line.cut(' ');
  Slice first = device.cut(':');
  return parse_u32(first, major) && parse_u32(device, minor);
}

// Lines `8:0 Read 4096` or `8:0 4096`; the last one, `Total 4096`, is about no device.
void write_lines(JsonWriter &json, Slice lines) {
  json.open('[');
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    uint32_t major, minor;
    uint64_t value;
    if (!cut_device(line, major, minor)) continue;
    Slice op;
    if (!line.empty() && (*line.begin < '0' || *line.begin > '9')) op = line.cut(' ');
    if (parse_count(line, value)) write_entry(json, major, minor, op.str(), value);
  }
  json.close(']');
}

const char *prefix_in_use(StatsSource &source) {
  char name[96];
  for (const char *prefix : prefixes) {
    strcpy(name, prefix);
    strcat(name, "io_serviced_recursive");
    Slice text;
    // A scheduler that is not in use has the line `Total 0` alone.
    if (source.read(name, text) && text.size() > 0 && *text.begin != 'T') return prefix;
  }
  return nullptr;
}

// io.stat of v2: lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`.
void write_v2(JsonWriter &json, Slice whole, const char *key, const char *(&members)[3]) {
  constexpr const char *ops[3] = {"Read", "Write", "Discard"};
  json.key(key).open('[');
  while (!whole.empty()) {
    Slice line = whole.cut('\n');
    uint32_t major, minor;
    if (!cut_device(line, major, minor)) continue;
    while (!line.empty()) {
      Slice value = line.cut(' ');
      Slice name = value.cut('=');
      uint64_t count;
      for (unsigned i = 0; i < 3; i++) {
        if (name.equals(members[i]) && parse_count(value, count))
          write_entry(json, major, minor, Str::of(ops[i]), count);
      }
    }
  }
  json.close(']');
}

} // namespace

void write_block_io(JsonWriter &json, StatsSource &source) {
  json.key("blkio").open('{');
  Slice text;
  if (const char *prefix = prefix_in_use(source); prefix != nullptr) {
    for (const List &list : lists) {
      char name[96];
      strcpy(name, prefix);
      strcat(name, list.file);
      if (source.read(name, text)) write_lines(json.key(list.key), text);
    }
  } else if (source.read("io.stat", text)) {
    const char *bytes[3] = {"rbytes", "wbytes", "dbytes"};
    const char *counts[3] = {"rios", "wios", "dios"};
    write_v2(json, text, "ioServiceBytesRecursive", bytes);
    write_v2(json, text, "ioServicedRecursive", counts);
  }
  write_pressure(json, source, "io.pressure");
  json.close('}');
}

} // namespace veloci

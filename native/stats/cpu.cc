// cpu and cpuset. Times are nanoseconds.
#include "stats/stats.h"
#include <unistd.h>

namespace veloci {

namespace {

constexpr uint64_t nanoseconds = 1000000000;

enum class Column : uint8_t { user = 1, system = 2 };

// An array of the numbers of cpuacct.usage_all: lines `CPU USER SYSTEM` below a head.
void write_column(JsonWriter &json, Slice lines, Column column) {
  json.open('[');
  lines.cut('\n');
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    for (unsigned skipped = 0; skipped < static_cast<unsigned>(column); skipped++) line.cut(' ');
    uint64_t value = 0;
    parse_count(line, value);
    json.number(value);
  }
  json.close(']');
}

void write_usage_v1(JsonWriter &json, StatsSource &source) {
  uint64_t value = 0;
  source.number("cpuacct.usage", value);
  json.key("total").number(value);
  Slice text;
  if (source.read("cpuacct.usage_percpu", text)) {
    json.key("percpu").open('[');
    text = text.cut('\n');
    while (!text.empty()) {
      Slice word = text.cut(' ');
      if (parse_count(word, value)) json.number(value);
    }
    json.close(']');
  }
  if (source.read("cpuacct.usage_all", text)) {
    write_column(json.key("percpu_kernel"), text, Column::system);
    write_column(json.key("percpu_user"), text, Column::user);
  }
  uint64_t user = 0, system = 0;
  if (source.read("cpuacct.stat", text)) {
    find_count(text, "user", user);
    find_count(text, "system", system);
  }
  uint64_t ticks = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  json.key("kernel").number(system * (nanoseconds / ticks)).key("user").number(user * (nanoseconds / ticks));
}

void write_usage_v2(JsonWriter &json, Slice stat) {
  constexpr uint64_t microsecond = 1000;
  uint64_t total = 0, user = 0, system = 0;
  find_count(stat, "usage_usec", total);
  find_count(stat, "user_usec", user);
  find_count(stat, "system_usec", system);
  json.key("total")
      .number(total * microsecond)
      .key("kernel")
      .number(system * microsecond)
      .key("user")
      .number(user * microsecond);
}

void write_throttling(JsonWriter &json, Slice stat) {
  uint64_t periods = 0, throttled = 0, time = 0;
  find_count(stat, "nr_periods", periods);
  find_count(stat, "nr_throttled", throttled);
  if (!find_count(stat, "throttled_time", time) && find_count(stat, "throttled_usec", time)) time *= 1000;
  json.key("throttling").open('{').key("periods").number(periods).key("throttledPeriods").number(throttled);
  json.key("throttledTime").number(time).close('}');
}

// A list such as 0-2,7 as an array of its numbers.
void write_list(JsonWriter &json, Slice list) {
  json.open('[');
  list = list.cut('\n');
  while (!list.empty()) {
    Slice last = list.cut(',');
    Slice first = last.cut('-');
    uint32_t from, to;
    if (!parse_u32(first, from)) continue;
    if (last.empty() || !parse_u32(last, to)) to = from;
    constexpr uint32_t most = 4096;
    for (uint32_t i = from; i <= to && i - from < most; i++) json.number(i);
  }
  json.close(']');
}

struct ListFile {
  const char *key, *v1, *v2;
};
constexpr ListFile lists[] = {{"cpus", "cpuset.cpus", "cpuset.cpus.effective"},
                              {"mems", "cpuset.mems", "cpuset.mems.effective"}};

// Files of v1 that hold one number each.
constexpr const char *flags[] = {
    "cpu_exclusive",      "mem_hardwall",    "mem_exclusive",      "memory_migrate",           "memory_spread_page",
    "memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
};

} // namespace

void write_cpu(JsonWriter &json, StatsSource &source) {
  json.key("cpu").open('{').key("usage").open('{');
  Slice stat;
  bool v1 = source.directory_of("cpuacct.usage") >= 0;
  if (v1)
    write_usage_v1(json, source);
  else if (source.read("cpu.stat", stat))
    write_usage_v2(json, stat);
  json.close('}');
  if (source.directory_of("cpu.shares") < 0 && v1)
    stat = {};
  else if (!source.read("cpu.stat", stat))
    stat = {};
  write_throttling(json, stat);
  write_pressure(json, source, "cpu.pressure");
  json.close('}');
}

void write_cpuset(JsonWriter &json, StatsSource &source) {
  json.key("cpuset").open('{');
  Slice text;
  for (const ListFile &list : lists) {
    bool present = source.read(list.v2, text) || source.read(list.v1, text);
    write_list(json.key(list.key), present ? text : Slice{});
  }
  for (const char *flag : flags) {
    char name[64] = "cpuset.";
    strcat(name, flag);
    bool present = source.read(name, text);
    json.key(flag).decimal(present ? text.cut('\n').str() : Str{});
  }
  json.close('}');
}

} // namespace veloci

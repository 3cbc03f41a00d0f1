// memory, pids and hugetlb. Sizes are bytes.
#include "cgroup/cgroupfs.h"
#include "base/directory.h"
#include "stats/stats.h"
#include <fcntl.h>
#include <initializer_list>
#include <stdio.h>

namespace veloci {

namespace {

// One member {limit, usage, max, failcnt} and the prefix of its files on v1.
struct Counter {
  const char *key, *prefix;
};
constexpr Counter counters[] = {
    {"usage", "memory."},
    {"swap", "memory.memsw."},
    {"kernel", "memory.kmem."},
    {"kernelTCP", "memory.kmem.tcp."},
};

uint64_t number_of(StatsSource &source, const char *prefix, const char *suffix) {
  char name[96];
  snprintf(name, sizeof name, "%s%s", prefix, suffix);
  uint64_t value = 0;
  source.number(name, value);
  return value;
}

void write_counter(JsonWriter &json, const char *key, uint64_t limit, uint64_t usage, uint64_t max, uint64_t failures) {
  json.key(key).open('{').key("limit").number(limit).key("usage").number(usage).key("max").number(max);
  json.key("failcnt").number(failures).close('}');
}

uint64_t sum(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

void write_counters_v2(JsonWriter &json, StatsSource &source) {
  uint64_t limit = 0, usage = 0, peak = 0, failures = 0, swap_limit = 0, swap = 0, swap_peak = 0, swap_failures = 0;
  source.number("memory.max", limit);
  source.number("memory.current", usage);
  source.number("memory.peak", peak);
  source.number("memory.swap.max", swap_limit);
  source.number("memory.swap.current", swap);
  source.number("memory.swap.peak", swap_peak);
  Slice text;
  if (source.read("memory.events", text)) find_count(text, "max", failures);
  if (source.read("memory.swap.events", text)) find_count(text, "max", swap_failures);
  uint64_t kernel = 0;
  if (source.read("memory.stat", text)) find_count(text, "kernel", kernel);
  write_counter(json, "usage", limit, usage, peak, failures);
  // As on v1: memory and swap together. There is no common maximum.
  write_counter(json, "swap", sum(limit, swap_limit), sum(usage, swap), 0, swap_failures);
  write_counter(json, "kernel", 0, kernel, 0, 0);
  write_counter(json, "kernelTCP", 0, 0, 0, 0);
}

void write_raw(JsonWriter &json, Slice lines) {
  json.key("raw").open('{');
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    Slice key = line.cut(' ');
    char name[64];
    uint64_t value;
    if (key.size() >= sizeof name || key.empty() || !parse_count(line, value)) continue;
    memcpy(name, key.begin, key.size());
    name[key.size()] = 0;
    json.key(name).number(value);
  }
  json.close('}');
}

} // namespace

void write_memory(JsonWriter &json, StatsSource &source) {
  json.key("memory").open('{');
  Slice stat;
  uint64_t cache = 0;
  bool v1 = source.directory_of("memory.usage_in_bytes") >= 0;
  if (source.read("memory.stat", stat)) find_count(stat, v1 ? "cache" : "file", cache);
  json.key("cache").number(cache);
  if (v1) {
    for (const Counter &counter : counters) {
      write_counter(json, counter.key, number_of(source, counter.prefix, "limit_in_bytes"),
                    number_of(source, counter.prefix, "usage_in_bytes"),
                    number_of(source, counter.prefix, "max_usage_in_bytes"),
                    number_of(source, counter.prefix, "failcnt"));
    }
  } else {
    write_counters_v2(json, source);
  }
  write_raw(json, source.read("memory.stat", stat) ? stat : Slice{});
  write_pressure(json, source, "memory.pressure");
  json.close('}');
}

void write_pids(JsonWriter &json, StatsSource &source) {
  uint64_t current = 0, limit = 0;
  source.number("pids.current", current);
  // 0 is no limit, as callers know it.
  if (!source.number("pids.max", limit) || limit == UINT64_MAX) limit = 0;
  json.key("pids").open('{').key("current").number(current).key("limit").number(limit).close('}');
}

void write_hugetlb(JsonWriter &json, StatsSource &source) {
  json.key("hugetlb").open('{');
  // The sizes are in the names of the files: hugetlb.2MB.limit_in_bytes, or .max on v2.
  for (const char *probe :
       {"hugetlb.2MB.usage_in_bytes", "hugetlb.2MB.current", "hugetlb.1GB.usage_in_bytes", "hugetlb.1GB.current"}) {
    int directory = source.directory_of(probe);
    if (directory < 0) continue;
    bool v2 = strstr(probe, ".current") != nullptr;
    Fd listing(open_below_cgroup(directory, "", O_RDONLY | O_DIRECTORY));
    if (listing.valid()) {
      for_each_entry(listing.get(), [&](const char *name) {
        constexpr char prefix[] = "hugetlb.";
        if (strncmp(name, prefix, sizeof prefix - 1) != 0) return;
        const char *size = name + sizeof prefix - 1;
        const char *dot = strchr(size, '.');
        if (dot == nullptr || strcmp(dot, v2 ? ".max" : ".limit_in_bytes") != 0) return;
        char base[64], key[32];
        snprintf(key, sizeof key, "%.*s", static_cast<int>(dot - size), size);
        snprintf(base, sizeof base, "hugetlb.%s.", key);
        json.key(key).open('{').key("usage").number(number_of(source, base, v2 ? "current" : "usage_in_bytes"));
        json.key("max").number(v2 ? 0 : number_of(source, base, "max_usage_in_bytes"));
        uint64_t failures = 0;
        Slice events;
        if (!v2) {
          failures = number_of(source, base, "failcnt");
        } else {
          strcat(base, "events");
          if (source.read(base, events)) find_count(events, "max", failures);
        }
        json.key("failcnt").number(failures).close('}');
      });
    }
    break;
  }
  json.close('}');
}

} // namespace veloci

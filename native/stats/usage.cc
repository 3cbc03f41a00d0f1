#include "stats/usage.h"

namespace veloci {

namespace {

void read_cpu(StatsSource &source, Usage &usage) {
  Slice stat;
  if (source.number("cpuacct.usage", usage.cpu)) return;
  if (source.read("cpu.stat", stat) && find_count(stat, "usage_usec", usage.cpu)) usage.cpu *= 1000;
}

void read_memory(StatsSource &source, Usage &usage) {
  Slice stat;
  uint64_t droppable = 0;
  bool v1 = source.number("memory.usage_in_bytes", usage.memory);
  if (!v1 && !source.number("memory.current", usage.memory)) return;
  source.number(v1 ? "memory.limit_in_bytes" : "memory.max", usage.memory_limit);
  // v1 writes "no limit" as the largest multiple of a page.
  constexpr uint64_t no_limit = INT64_MAX - 65536;
  if (usage.memory_limit >= no_limit) usage.memory_limit = Usage::none;
  if (source.read("memory.stat", stat)) find_count(stat, v1 ? "total_inactive_file" : "inactive_file", droppable);
  usage.memory -= droppable < usage.memory ? droppable : usage.memory;
}

// Lines `8:0 Read 4096` of v1.
void sum_service(Slice lines, Usage &usage) {
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    line.cut(' ');
    Slice operation = line.cut(' ');
    uint64_t value = 0;
    if (!parse_count(line, value)) continue;
    if (operation.equals("Read")) usage.bytes_read += value;
    if (operation.equals("Write")) usage.bytes_written += value;
  }
}

// Lines `8:0 rbytes=4096 wbytes=0 ...` of v2.
void sum_stat(Slice lines, Usage &usage) {
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    while (!line.empty()) {
      Slice value = line.cut(' ');
      Slice key = value.cut('=');
      uint64_t number = 0;
      if (!parse_count(value, number)) continue;
      if (key.equals("rbytes")) usage.bytes_read += number;
      if (key.equals("wbytes")) usage.bytes_written += number;
    }
  }
}

void read_io(StatsSource &source, Usage &usage) {
  Slice lines;
  bool v1 = source.read("blkio.throttle.io_service_bytes_recursive", lines) ||
            source.read("blkio.throttle.io_service_bytes", lines);
  if (!v1 && !source.read("io.stat", lines)) return;
  usage.bytes_read = usage.bytes_written = 0;
  if (v1)
    sum_service(lines, usage);
  else
    sum_stat(lines, usage);
}

// The line `some avg10=1.25 avg60=...`.
uint64_t pressure_of(StatsSource &source, const char *file) {
  Slice text;
  if (!source.read(file, text)) return Usage::none;
  Slice line = text.cut('\n');
  if (!line.cut(' ').equals("some")) return Usage::none;
  Slice fraction = line.cut(' ');
  if (!fraction.cut('=').equals("avg10")) return Usage::none;
  Slice whole = fraction.cut('.');
  uint64_t percent = 0, hundredths = 0;
  if (!parse_count(whole, percent) || !parse_count(fraction, hundredths)) return Usage::none;
  return 100 * percent + hundredths;
}

} // namespace

void read_usage(StatsSource &source, Usage &usage) {
  read_cpu(source, usage);
  read_memory(source, usage);
  source.number("pids.current", usage.processes);
  source.number("pids.max", usage.process_limit);
  read_io(source, usage);
  usage.cpu_pressure = pressure_of(source, "cpu.pressure");
  usage.memory_pressure = pressure_of(source, "memory.pressure");
  usage.io_pressure = pressure_of(source, "io.pressure");
}

void read_totals(StatsSource &source, uint64_t &memory_peak, uint64_t &cpu_user, uint64_t &cpu_system) {
  uint64_t value = 0;
  if (source.number("memory.peak", value) || source.number("memory.max_usage_in_bytes", value)) memory_peak = value;
  if (source.number("cpuacct.usage_user", value)) cpu_user = value;
  if (source.number("cpuacct.usage_sys", value)) cpu_system = value;
  Slice stat;
  if (!source.read("cpu.stat", stat)) return;
  constexpr uint64_t microsecond = 1000;
  if (find_count(stat, "user_usec", value)) cpu_user = value * microsecond;
  if (find_count(stat, "system_usec", value)) cpu_system = value * microsecond;
}

} // namespace veloci

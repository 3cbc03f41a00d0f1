#include "stats/stats.h"
#include <initializer_list>

namespace veloci {

void write_stats(JsonWriter &json, StatsSource &source, int pid) {
  json.open('{');
  write_cpu(json, source);
  write_cpuset(json, source);
  write_memory(json, source);
  write_pids(json, source);
  write_block_io(json, source);
  write_hugetlb(json, source);
  json.key("intel_rdt").open('{').close('}');
  write_network(json, pid);
  json.close('}');
}

void write_pressure_text(JsonWriter &json, Slice text) {
  json.open('{');
  while (!text.empty()) {
    Slice line = text.cut('\n');
    Slice kind = line.cut(' ');
    if (!kind.equals("some") && !kind.equals("full")) continue;
    json.key(kind.equals("some") ? "some" : "full").open('{');
    while (!line.empty()) {
      Slice value = line.cut(' ');
      Slice key = value.cut('=');
      for (const char *name : {"avg10", "avg60", "avg300", "total"}) {
        if (key.equals(name)) json.key(name).decimal(value.str());
      }
    }
    json.close('}');
  }
  json.close('}');
}

void write_pressure(JsonWriter &json, StatsSource &source, const char *file) {
  Slice text;
  if (!source.read(file, text) || text.empty()) return;
  write_pressure_text(json.key("psi"), text);
}

} // namespace veloci

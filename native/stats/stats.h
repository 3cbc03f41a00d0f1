// The usage of a container as the JSON object that callers of `events` know (the member `data` of type stats).
#pragma once
#include "json/json_writer.h"
#include "stats/source.h"

namespace veloci {

// The whole object. Numbers that the kernel does not give are 0 or left out.
void write_stats(JsonWriter &json, StatsSource &source, int pid);

// Its members, key included.
void write_cpu(JsonWriter &json, StatsSource &source);
void write_cpuset(JsonWriter &json, StatsSource &source);
void write_memory(JsonWriter &json, StatsSource &source);
void write_pids(JsonWriter &json, StatsSource &source);
void write_block_io(JsonWriter &json, StatsSource &source);
void write_hugetlb(JsonWriter &json, StatsSource &source);
// The interfaces of the network namespace of a process but loopback; null when the namespace is our own.
void write_network(JsonWriter &json, int pid);
// `psi`: pressure stall information of a file such as cpu.pressure; nothing when there is none.
void write_pressure(JsonWriter &json, StatsSource &source, const char *file);
// An object {some, full} from the text of such a file.
void write_pressure_text(JsonWriter &json, Slice text);

} // namespace veloci

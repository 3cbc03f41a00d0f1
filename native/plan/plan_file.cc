#include "plan/plan_file.h"

namespace veloci {

namespace {

constexpr uint8_t magic[8] = {'V', 'L', 'C', 'I', 'P', 'L', 'A', 'N'};
constexpr size_t prefix_size = sizeof magic + sizeof plan_schema_hash;
constexpr size_t header_size = prefix_size + 8;

// A line of the table.
struct Entry {
  static constexpr size_t size = 16;
  uint32_t name = 0;
  uint32_t offset = 0;
  uint32_t length = 0;
  uint32_t count = 0;
};

Entry entry_at(Bytes bytes, uint32_t index) {
  Entry entry;
  memcpy(&entry, bytes.data + header_size + index * Entry::size, Entry::size);
  return entry;
}

bool refused(const char **what, const char *why) {
  *what = why;
  return false;
}

// The programs must lie one after the other behind the table, in the order of ProgramName, up to the end.
bool check_table(Bytes bytes, uint32_t count, const char **what) {
  size_t end = header_size + count * Entry::size;
  int64_t last = -1;
  for (uint32_t i = 0; i < count; ++i) {
    Entry entry = entry_at(bytes, i);
    if (entry.name >= program_name_count) return refused(what, "a program has an unknown name");
    if (entry.name <= last) return refused(what, "the programs are not in order");
    if (entry.offset != end) return refused(what, "a program does not start where the one before it ends");
    if (entry.length > bytes.size - end) return refused(what, "a program reaches beyond the end");
    end += entry.length;
    last = entry.name;
  }
  return end == bytes.size || refused(what, "bytes follow the last program");
}

bool verify_program(const PlanFile &plan, Bytes bytes, uint32_t index, const char **what, VerifyOperation &check) {
  Entry entry = entry_at(bytes, index);
  ProgramName name = plan.at(index).name();
  Reader reader(Bytes{bytes.data + entry.offset, entry.length});
  for (uint32_t i = 0; i < entry.count; ++i) {
    OpRecord record;
    if (!read(reader, record)) return refused(what, reader.what());
    if (!check(record, name, 0, what)) return false;
  }
  return reader.at_end() || refused(what, "bytes follow the last operation of a program");
}

// Whether the bytes start like a plan of this very schema. A stored plan that does not must be compiled again.
bool same_schema(Bytes bytes) {
  return bytes.size >= prefix_size && memcmp(bytes.data, magic, sizeof magic) == 0 &&
         memcmp(bytes.data + sizeof magic, plan_schema_hash, sizeof plan_schema_hash) == 0;
}

} // namespace

bool PlanFile::open(Bytes bytes, PlanFile &plan, const char **what) {
  if (bytes.size < header_size) return refused(what, "the plan is shorter than its header");
  if (memcmp(bytes.data, magic, sizeof magic) != 0) return refused(what, "this is not a plan");
  if (!same_schema(bytes)) return refused(what, "the plan was made by another version");
  uint32_t total = 0;
  uint32_t count = 0;
  memcpy(&total, bytes.data + prefix_size, sizeof total);
  memcpy(&count, bytes.data + prefix_size + sizeof total, sizeof count);
  if (total != bytes.size) return refused(what, "the plan is not as long as its header says");
  if (count > program_name_count) return refused(what, "the plan has too many programs");
  if (bytes.size - header_size < count * Entry::size) {
    return refused(what, "the plan is shorter than its table");
  }
  if (!check_table(bytes, count, what)) return false;
  plan.bytes_ = bytes;
  plan.count_ = count;
  return true;
}

Program PlanFile::at(uint32_t index) const {
  Entry entry = entry_at(bytes_, index);
  return Program(static_cast<ProgramName>(entry.name), {bytes_.data + entry.offset, entry.length}, entry.count);
}

bool PlanFile::find(ProgramName name, Program &program) const {
  for (uint32_t i = 0; i < count_; ++i) {
    Program candidate = at(i);
    if (candidate.name() != name) continue;
    program = candidate;
    return true;
  }
  return false;
}

bool verify(Bytes bytes, const char **what) {
  PlanFile plan;
  if (!PlanFile::open(bytes, plan, what)) return false;
  for (uint32_t i = 0; i < plan.size(); ++i) {
    if (!verify_program(plan, bytes, i, what, verify_operation)) return false;
  }
  return true;
}

bool open_inner(Bytes bytes, PlanFile &plan, const char **what) {
  if (!PlanFile::open(bytes, plan, what)) return false;
  for (uint32_t i = 0; i < plan.size(); ++i) {
    if (program_actor(plan.at(i).name()) == Actor::host) continue;
    if (!verify_program(plan, bytes, i, what, verify_inner_operation)) return false;
  }
  return true;
}

} // namespace veloci

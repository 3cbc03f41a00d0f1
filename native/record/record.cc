#include "record/record.h"

#include "base/clock.h"

namespace veloci {
namespace {

// What this version writes, and whose rest it can read.
constexpr uint32_t record_form = 2;
// Builds of 0.1.0 before the first release: their cgroups have no inodes.
constexpr uint32_t record_form_without_inodes = 1;
// RecordAdded::freezer: no cgroup freezes the container.
constexpr uint32_t freezer_none = UINT32_MAX;

// The place of a cgroup among those of the record; record_cgroups_max when it does not have it.
unsigned place_of(const Record &record, Str mount, Str path) {
  RecordCgroups groups(record);
  RecordCgroup known;
  for (unsigned place = 0; groups.next(known); place++) {
    if (known.mount == mount && known.path == path) return place;
  }
  return record_cgroups_max;
}

} // namespace

bool record_begin(Record &record, Str id) {
  if (id.size >= sizeof record.id) return false;
  memcpy(record.id, id.data, id.size);
  record.id[id.size] = 0;
  record.form = record_form;
  memcpy(record.added.magic, record_added_magic, sizeof record.added.magic);
  record.added.size = sizeof record.added;
  memcpy(record.magic, record_magic, sizeof record.magic);
  return true;
}

bool record_whole(const Record &record, int64_t size) {
  if (size < static_cast<int64_t>(record_head_size)) return false;
  if (memcmp(record.magic, record_magic, sizeof record.magic) != 0 || record.form == 0) return false;
  return !record_rest_known(record) || size == static_cast<int64_t>(sizeof(Record));
}

bool record_rest_known(const Record &record) { return record.form == record_form; }

const RecordAdded *record_added(const Record &record) {
  const RecordAdded &added = record.added;
  bool there = record_rest_known(record) && memcmp(added.magic, record_added_magic, sizeof added.magic) == 0;
  return there ? &added : nullptr;
}

bool record_add_cgroup(Record &record, Str mount, Str path) {
  if (record.cgroup_count >= record_cgroups_max) return false;
  RecordCgroups known(record);
  RecordCgroup last;
  while (known.next(last)) {
  }
  if (!last.path.empty() && last.path == path) path = Str::of("/");
  uint32_t offset = record.cgroup_bytes;
  uint64_t end = static_cast<uint64_t>(offset) + mount.size + path.size + 2;
  if (end > sizeof record.cgroups) return false;
  memcpy(record.cgroups + offset, mount.data, mount.size);
  record.cgroups[offset + mount.size] = 0;
  memcpy(record.cgroups + offset + mount.size + 1, path.data, path.size);
  record.cgroups[end - 1] = 0;
  record.cgroup_bytes = static_cast<uint32_t>(end);
  record.cgroup_count++;
  return true;
}

bool record_find_cgroup(const Record &record, Str mount, Str path, RecordCgroup &group) {
  RecordCgroups groups(record);
  while (groups.next(group)) {
    if (group.mount == mount && group.path == path) return true;
  }
  return false;
}

void record_identify_cgroup(Record &record, Str mount, Str path, uint64_t inode, bool preexisting) {
  unsigned place = place_of(record, mount, path);
  if (place == record_cgroups_max) return;
  uint32_t bit = 1U << place;
  record.preexisting_cgroups = preexisting ? record.preexisting_cgroups | bit : record.preexisting_cgroups & ~bit;
  record.cgroup_inodes[place] = inode;
}

void record_copy_cgroups(Record &record, const Record &from) {
  record.created = from.created;
  record.cgroup_count = from.cgroup_count;
  record.cgroup_bytes = from.cgroup_bytes;
  record.preexisting_cgroups = from.preexisting_cgroups;
  memcpy(record.cgroups, from.cgroups, sizeof record.cgroups);
  memcpy(record.cgroup_inodes, from.cgroup_inodes, sizeof record.cgroup_inodes);
  if (from.form != record_form_without_inodes) return;
  for (uint64_t &inode : record.cgroup_inodes) inode = cgroup_unrecorded;
}

void record_freezer(Record &record, Str mount, Str path, uint32_t version) {
  unsigned place = version > 0 ? place_of(record, mount, path) : record_cgroups_max;
  record.added.freezer = place < record_cgroups_max ? place + 1 : freezer_none;
  record.added.freezer_version = version;
}

bool record_has_freezer(const Record &record, RecordCgroup &cgroup, uint32_t &version) {
  const RecordAdded *added = record_added(record);
  constexpr uint32_t size = offsetof(RecordAdded, freezer_version) + sizeof(RecordAdded::freezer_version);
  if (added == nullptr || added->size < size || added->freezer == 0) return false;
  version = 0;
  RecordCgroups groups(record);
  for (uint32_t place = 1; added->freezer != freezer_none && groups.next(cgroup); place++) {
    if (place == added->freezer) return version = added->freezer_version, true;
  }
  return true;
}

void record_slice(Record &record, Str path) {
  RecordCgroups groups(record);
  RecordCgroup cgroup;
  for (uint32_t place = 1; groups.next(cgroup); place++) {
    bool is_above = cgroup.path.size > path.size && memcmp(cgroup.path.data, path.data, path.size) == 0 &&
                    cgroup.path.data[path.size] == '/';
    if (!is_above) continue;
    record.added.slice = place;
    record.added.slice_size = path.size;
  }
}

bool record_has_slice(const Record &record, RecordCgroup &cgroup, uint32_t &size) {
  const RecordAdded *added = record_added(record);
  constexpr uint32_t known = offsetof(RecordAdded, slice_size) + sizeof(RecordAdded::slice_size);
  if (added == nullptr || added->size < known || added->slice == 0) return false;
  size = added->slice_size;
  RecordCgroups groups(record);
  for (uint32_t place = 1; groups.next(cgroup); place++) {
    if (place == added->slice) return cgroup.path.size > size;
  }
  return false;
}

constexpr uint32_t known_bits = 0xff;

void record_exit(Record &record, int code, EndReason reason) {
  if (!record_rest_known(record)) return;
  if (reason == EndReason::unknown) reason = record_end_reason(record);
  record.exit_code = code;
  __atomic_store_n(&record.exit_known, 1 | static_cast<uint32_t>(reason) << 8, __ATOMIC_RELEASE);
}

void record_reason(Record &record, EndReason reason) {
  if (!record_rest_known(record) || reason == EndReason::unknown) return;
  uint32_t known = __atomic_load_n(&record.exit_known, __ATOMIC_ACQUIRE) & known_bits;
  __atomic_store_n(&record.exit_known, known | static_cast<uint32_t>(reason) << 8, __ATOMIC_RELEASE);
}

EndReason record_end_reason(const Record &record) {
  if (!record_rest_known(record)) return EndReason::unknown;
  return static_cast<EndReason>(__atomic_load_n(&record.exit_known, __ATOMIC_ACQUIRE) >> 8);
}

Str reason_name(EndReason reason) {
  switch (reason) {
  case EndReason::out_of_memory: return Str::of("oom");
  case EndReason::seccomp: return Str::of("seccomp");
  default: return {};
  }
}

bool record_has_exit(const Record &record, int &code) {
  if (!record_rest_known(record)) return false;
  if ((__atomic_load_n(&record.exit_known, __ATOMIC_ACQUIRE) & known_bits) != 1) return false;
  code = record.exit_code;
  return true;
}

bool RecordCgroups::text(Str &out) {
  uint32_t limit = record_.cgroup_bytes < sizeof record_.cgroups ? record_.cgroup_bytes : sizeof record_.cgroups;
  uint32_t end = position_;
  while (end < limit && record_.cgroups[end] != 0) end++;
  if (end >= limit) return false;
  out = {record_.cgroups + position_, end - position_};
  position_ = end + 1;
  return true;
}

bool RecordCgroups::next(RecordCgroup &cgroup) {
  bool more = count_ < record_cgroups_max && count_ < record_.cgroup_count && text(cgroup.mount) && text(cgroup.path);
  if (!more) return false;
  if (cgroup.path == Str::of("/")) cgroup.path = last_path_;
  last_path_ = cgroup.path;
  bool recorded = record_.form != record_form_without_inodes;
  cgroup.inode = recorded ? record_.cgroup_inodes[count_] : cgroup_unrecorded;
  cgroup.preexisting = record_.preexisting_cgroups >> count_ & 1;
  cgroup.container = record_.created;
  count_++;
  return true;
}

void record_fail(Record &record, FailureKind kind, uint32_t program, uint32_t index, Outcome outcome, Str detail) {
  RecordFailure &failure = record.failure;
  failure.kind = static_cast<uint32_t>(kind);
  failure.program = program;
  failure.index = index;
  failure.step = outcome.step;
  failure.err = outcome.err;
  uint32_t size = detail.size < sizeof failure.detail ? detail.size : sizeof failure.detail - 1;
  memcpy(failure.detail, detail.data, size);
  failure.detail[size] = 0;
  failure.detail_size = size;
  record_set_stage(record, Stage::failed);
}

Stage record_stage(const Record &record) {
  return static_cast<Stage>(__atomic_load_n(&record.stage, __ATOMIC_ACQUIRE));
}

void record_set_stage(Record &record, Stage stage) {
  __atomic_store_n(&record.stage, static_cast<uint32_t>(stage), __ATOMIC_RELEASE);
}

int64_t clock_offset() { return nanoseconds_of(CLOCK_MONOTONIC) - nanoseconds_of(CLOCK_REALTIME); }

namespace {

void append_stamp(Record &record, const RecordStamp &stamp) {
  uint32_t number = __atomic_fetch_add(&record.stamp_count, 1, __ATOMIC_RELAXED);
  record.stamps[number % Record::stamps_max] = stamp;
}

} // namespace

void record_stamp(Record &record, uint8_t program, uint32_t index, int64_t now) {
  append_stamp(record, {program, 0, static_cast<uint16_t>(index), 0, 0, static_cast<uint64_t>(now)});
}

void record_stamp_host(Record &record, uint8_t program, uint32_t index, uint16_t code) {
  uint64_t now = static_cast<uint64_t>(nanoseconds_of(CLOCK_MONOTONIC));
  append_stamp(record, {program, 0, static_cast<uint16_t>(index), code, 0, now});
}

void record_stamp_moment(Record &record, uint16_t moment, int64_t monotonic) {
  append_stamp(record, {record_moment, 0, moment, 0, 0, static_cast<uint64_t>(monotonic)});
}

uint32_t record_stamps(const Record &record, uint32_t &first) {
  uint32_t count = record.stamp_count;
  first = count < Record::stamps_max ? 0 : count - static_cast<uint32_t>(Record::stamps_max);
  return count - first;
}

void record_copy_stamps(Record &record, const Record &from) {
  uint32_t first, count = record_stamps(from, first);
  for (uint32_t i = 0; i < count; i++) append_stamp(record, from.stamps[(first + i) % Record::stamps_max]);
}

} // namespace veloci

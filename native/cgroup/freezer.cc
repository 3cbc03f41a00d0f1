#include "cgroup/freezer.h"

#include <fcntl.h>

#include "base/io.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"

namespace veloci {

namespace {

// The files of a version. v2 has no word for what is above.
struct Files {
  const char *state, *control, *self, *above;
  const char *freeze, *thaw;
};
constexpr Files files[] = {
    {"freezer.state", "freezer.state", "freezer.self_freezing", "freezer.parent_freezing", "FROZEN", "THAWED"},
    {"cgroup.events", "cgroup.freeze", "cgroup.freeze", nullptr, "1", "0"},
};
static_assert(sizeof files / sizeof files[0] == freezer_version_count);

const Files &files_of(FreezerVersion version) { return files[static_cast<uint8_t>(version)]; }

bool read_file(int cgroup, const char *name, Text &text) {
  text.clear();
  Fd file(open_below_cgroup(cgroup, name, O_RDONLY));
  return file.valid() && read_value(file.get(), text);
}

bool is_on(int cgroup, const char *name) {
  TextOf<16> value;
  return name != nullptr && read_file(cgroup, name, value) && value.size() > 0 && value.data()[0] == '1';
}

// In the middle of a longer text, or at its beginning.
bool has(const Text &text, Str words) {
  for (size_t offset = 0; offset + words.size <= text.size(); offset++) {
    if (memcmp(text.data() + offset, words.data, words.size) == 0) return true;
  }
  return false;
}

} // namespace

// Versions before this one did not record it, and a lost record does not have it: the files show it.
static bool look_for_freezer(const Record &record, FreezerCgroup &freezer) {
  RecordCgroups groups(record);
  RecordCgroup own;
  bool match = false;
  // The record has v1's cgroups first.
  while ((!match || freezer.version != FreezerVersion::v1) && groups.next(own)) {
    Fd cgroup(open_own_cgroup(own, O_PATH | O_DIRECTORY));
    for (uint8_t i = 0; cgroup.valid() && i < freezer_version_count; i++) {
      if (!Fd(open_below_cgroup(cgroup.get(), files[i].self, O_PATH)).valid()) continue;
      freezer = {own, static_cast<FreezerVersion>(i)};
      match = true;
      break;
    }
  }
  return match;
}

bool find_freezer(const Record &record, FreezerCgroup &freezer) {
  uint32_t version = 0;
  if (!record_has_freezer(record, freezer.cgroup, version)) return look_for_freezer(record, freezer);
  if (version == 0 || version > freezer_version_count) return false;
  freezer.version = static_cast<FreezerVersion>(version - 1);
  return true;
}

Frozen frozen_state(int cgroup, FreezerVersion version) {
  TextOf<128> text;
  if (!read_file(cgroup, frozen_file(version), text)) return Frozen::unknown;
  // The kernel's own words, each of its own form.
  if (has(text, Str::of("FREEZING"))) return Frozen::on_its_way;
  if (has(text, Str::of("FROZEN")) || has(text, Str::of("frozen 1"))) return Frozen::yes;
  // v2 says that it is when the last process has stopped.
  return version == FreezerVersion::v2 && is_switched_on(cgroup, version) ? Frozen::on_its_way : Frozen::no;
}

const char *frozen_file(FreezerVersion version) { return files_of(version).state; }

bool is_switched_on(int cgroup, FreezerVersion version) { return is_on(cgroup, files_of(version).self); }

bool is_frozen_above(int cgroup, FreezerVersion version) { return is_on(cgroup, files_of(version).above); }

bool set_frozen(int cgroup, FreezerVersion version, bool frozen) {
  const Files &own = files_of(version);
  return write_cgroup_file(cgroup, own.control, Str::of(frozen ? own.freeze : own.thaw));
}

} // namespace veloci

#include "executor/bounds.h"
#include "wire/dispatch.h"

namespace veloci {

namespace {

bool is_below(Str path, Str above) {
  return path.size > above.size && memcmp(path.data, above.data, above.size) == 0 && path.data[above.size] == '/';
}

// A path that leads down: no root, no empty name, no dots.
bool leads_down(Str path) {
  for (uint32_t begin = 0; begin <= path.size;) {
    const char *name = path.data + begin;
    const void *slash = memchr(name, '/', path.size - begin);
    uint32_t size =
        slash == nullptr ? path.size - begin : static_cast<uint32_t>(static_cast<const char *>(slash) - name);
    if (size == 0 || (size <= 2 && name[0] == '.' && name[size - 1] == '.')) return false;
    begin += size + 1;
  }
  return true;
}

// What is done only for a container that is being made, never by a process that joins one.
constexpr bool makes_container(uint16_t operation) {
  return operation == code::hook_run || operation == code::namespace_join || operation == code::root_open ||
         operation == code::layer_mount || operation == code::root_pivot || operation == code::cgroup_join;
}

// Looks at each operation of a plan; the first fault stays.
class Bounds {
public:
  Bounds(const Record *record, bool joins, const char **what) : record_(record), joins_(joins), what_(what) {}

  // Of a container that is being made state.record is the first operation: what it names is the container's.
  bool holds(const OpRecord &op) {
    if (joins_ && makes_container(op.code)) return refuse("a process that joins a container would make one");
    Reader reader(op.body);
    switch (op.code) {
    case code::alt: {
      Alt alt;
      return read(reader, alt) && holds(alt.try_) && (!alt.else_ || holds(alt.else_.value));
    }
    case code::state_record: return read(reader, recorded_op_) && (recorded_ = true) && own(recorded_op_.freezer);
    case code::cgroup_create: return in_cgroup<CgroupCreate>(reader);
    case code::cgroup_join: return in_cgroup<CgroupJoin>(reader);
    case code::cgroup_find: return in_cgroup<CgroupFind>(reader);
    case code::cgroup_devices: return in_cgroup<CgroupDevices>(reader);
    case code::cgroup_open: return in_cgroup<CgroupOpen>(reader);
    case code::cgroup_own: return in_cgroup<CgroupOwn>(reader);
    case code::cgroup_move: return in_cgroup<CgroupMove>(reader);
    case code::cgroup_remove: return in_cgroup<CgroupRemove>(reader);
    case code::cgroup_freeze: return in_cgroup<CgroupFreeze>(reader);
    case code::cgroup_write: return in_file<CgroupWrite>(reader);
    case code::cgroup_update: return in_file<CgroupUpdate>(reader);
    case code::cgroup_check: return in_file<CgroupCheck>(reader);
    case code::cgroup_kill: {
      CgroupKill kill;
      return read(reader, kill) && own(kill.dir) && own(kill.freezer);
    }
    case code::process_signal: {
      ProcessSignal signal;
      return read(reader, signal) && own(signal.cgroup) && own(signal.freezer);
    }
    case code::process_end: {
      ProcessEnd end;
      return read(reader, end) && own(end.freezer);
    }
    default: return true;
    }
  }

private:
  template <class T> bool in_cgroup(Reader &reader) {
    T op;
    return read(reader, op) && own(op.dir);
  }

  template <class T> bool in_file(Reader &reader) {
    T op;
    if (!read(reader, op) || !own(op.dir)) return false;
    return memchr(op.file.data, '/', op.file.size) == nullptr || refuse("a file of a cgroup has a path");
  }

  bool own(const Optional<CgroupDir> &dir) { return !dir || own(dir.value); }

  bool own(const Optional<Freezer> &freezer) { return !freezer || own(freezer.value.dir); }

  bool own(const CgroupDir &dir) {
    if (!leads_down(dir.path)) return refuse("a cgroup has no usable path");
    if (recorded_) {
      for (const CgroupDir &known : recorded_op_.cgroups) {
        if (dir.mount == known.mount && (dir.path == known.path || is_below(dir.path, known.path))) return true;
      }
      return refuse(foreign);
    }
    if (record_ == nullptr) return true;
    RecordCgroup known;
    for (RecordCgroups cgroups(*record_); cgroups.next(known);) {
      if (dir.mount == known.mount && (dir.path == known.path || is_below(dir.path, known.path))) return true;
    }
    return refuse(foreign);
  }

  bool refuse(const char *why) {
    *what_ = why;
    return false;
  }

  static constexpr const char *foreign = "a cgroup is not the container's";
  const Record *record_;
  bool joins_;
  const char **what_;
  StateRecord recorded_op_;
  bool recorded_ = false;
};

} // namespace

bool within_bounds(const PlanFile &plan, const Record *record, const char **what) {
  Program exec;
  Bounds bounds(record, plan.find(ProgramName::exec, exec), what);
  for (uint32_t i = 0; i < plan.size(); i++) {
    for (const OpRecord &op : plan.at(i)) {
      if (bounds.holds(op)) continue;
      if (*what == nullptr) *what = "an operation cannot be read";
      return false;
    }
  }
  return true;
}

} // namespace veloci

#include "launcher/container/lost.h"
#include "base/clock.h"
#include "base/sys.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "executor/cgroup/marked.h"
#include "process/process.h"
#include "file/files.h"
#include "executor/state/state.h"
#include "record/state_json.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace veloci {
namespace {

constexpr int64_t second = 1000000000;

// When a process was started, by the clock of file systems, and how exactly that is known.
int64_t started_at(const ProcessStat &stat, int64_t &tick) {
  int64_t boot = nanoseconds_of(CLOCK_REALTIME) - nanoseconds_of(CLOCK_BOOTTIME);
  tick = second / sysconf(_SC_CLK_TCK);
  return boot + static_cast<int64_t>(stat.start_time) * tick;
}

// The pid that state.json names. False when it cannot be read.
bool read_pid(const Context &context, int &pid) {
  Buffer text;
  StateJson state;
  uint64_t number = 0;
  constexpr size_t largest = 16 << 20;
  bool read = read_file(context.state.get(), state_name::state, largest, O_NOFOLLOW, text) == 0 &&
              parse_state_json(text.str(), state) && is_json_string(state.id, context.id) &&
              parse_number(state.pid, INT32_MAX, number);
  pid = static_cast<int>(number);
  return read && pid > 1;
}

// Finds the process that state.json names. It lived when that was written, and did not when the directory was made:
// another one that has got its number since was started later. False when it is unknown which process it was.
bool find_process(const Context &context, Record &record) {
  int pid = 0, dir = context.state.get();
  struct stat written;
  sys::Statx created;
  ProcessStat stat;
  if (!read_pid(context, pid) || fstatat(dir, state_name::state, &written, AT_SYMLINK_NOFOLLOW) != 0) return false;
  int err = read_process_stat(pid, stat);
  if (err == ESRCH) return true;
  if (err != 0 || sys::statx(dir, "", sys::at_empty_path, sys::statx_btime, created) != 0) return false;
  int64_t tick = 0, started = started_at(stat, tick);
  bool known = (created.mask & sys::statx_btime) != 0;
  int64_t earliest = known ? created.btime.sec * second + created.btime.nsec - 2 * tick : 0;
  if (started < earliest || started > (written.st_mtim.tv_sec * second + written.st_mtim.tv_nsec) + tick) return false;
  record.pid = pid;
  record.start_time = stat.start_time;
  return true;
}

// Adds a cgroup that the plan names when it was made for a container. False when it is there, but nothing says so: then
// its processes may be anybody's.
bool add_planned(Record &record, const CgroupDir &dir) {
  struct stat info;
  TextOf<16> processes;
  Fd cgroup(open_cgroup(dir.mount.c_str(), dir.path.c_str(), O_RDONLY | O_DIRECTORY));
  if (!cgroup.valid()) return errno == ENOENT;
  // Another container's by now, which has removed this one's.
  if (state_mark_of(cgroup.get()) != 0) return true;
  if (has_created_mark(cgroup.get()) && fstat(cgroup.get(), &info) == 0 &&
      record_add_cgroup(record, dir.mount, dir.path)) {
    record_identify_cgroup(record, dir.mount, dir.path, info.st_ino, false);
    return true;
  }
  Fd file(open_below_cgroup(cgroup.get(), "cgroup.procs", O_RDONLY));
  return file.valid() && read_small(file.get(), processes) && processes.size() == 0;
}

// Whether a create has come as far as having a process: these are written when there is one.
bool was_created(int dir) {
  struct stat info;
  return fstatat(dir, state_name::state, &info, AT_SYMLINK_NOFOLLOW) == 0 ||
         fstatat(dir, state_name::plan, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

} // namespace

int recover_record(Context &context, bool &whole) {
  void *memory = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  auto *record = static_cast<Record *>(memory);
  if (!record_begin(*record, context.id)) return ENAMETOOLONG;
  record->boot = boot_mark();
  int dir = context.state.get();
  // Those with the mark first: the plan may name one that another container has taken since.
  add_marked_cgroups(state_mark(dir), *record);
  bool named = find_process(context, *record);
  bool planned = false, strange = false;
  Program program;
  if (context.plan.find(ProgramName::delete_, program)) {
    for (const OpRecord &op : program) {
      Reader reader(op.body);
      CgroupRemove removal;
      if (op.code != code::cgroup_remove || !read(reader, removal)) continue;
      planned = true;
      RecordCgroup marked;
      if (record_find_cgroup(*record, removal.dir.mount, removal.dir.path, marked)) continue;
      strange = !add_planned(*record, removal.dir) || strange;
    }
  }
  whole = named || (planned && !strange) || record->cgroup_count > 0 || !was_created(dir);
  record_set_stage(*record, Stage::executing);
  context.record = record;
  return 0;
}

} // namespace veloci

#include "observe/observe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/io.h"
#include "base/pages.h"
#include "base/sys.h"
#include "host/text.h"
#include "observe/aside.h"
#include "observe/programs.h"
#include "process/process.h"
#include "stats/source.h"

namespace veloci {
namespace {

// Mounts may be many.
constexpr size_t text_max = 4 << 20;

// Files of /proc/PID: those that the kernel makes, and those that lie in the memory of the process.
constexpr const char *process_files[] = {
    "status",    "limits",   "mountinfo",     "cgroup",       "uid_map",        "gid_map",
    "setgroups", "loginuid", "oom_score_adj", "attr/current", "timens_offsets", "personality",
};
constexpr const char *memory_files[] = {"environ", "cmdline", "numa_maps"};
constexpr size_t memory_count = sizeof memory_files / sizeof *memory_files;
constexpr const char *namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

Str text_of(const char *data, ssize_t size) { return {data, size > 0 ? static_cast<uint32_t>(size) : 0}; }

void add_text(ObservedTextWriter out, Str name, int err, Str text) { out.name(name).errno_(err).text(text); }

template <class T> T *shared_memory(size_t count) {
  constexpr int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<T *>(memory);
}

void add_memory(ListWriter<ObservedTextWriter> &out, int process) {
  ProcessText *texts = shared_memory<ProcessText>(memory_count);
  if (texts == nullptr) return;
  read_process_aside(process, memory_files, texts, memory_count);
  for (size_t i = 0; i < memory_count; i++) {
    int err = __atomic_load_n(&texts[i].done, __ATOMIC_ACQUIRE) ? texts[i].err : ETIMEDOUT;
    add_text(out.next(), Str::of(memory_files[i]), err, {texts[i].text, err == 0 ? texts[i].size : 0});
  }
  munmap(texts, memory_count * sizeof(ProcessText));
}

void add_process(ListWriter<ObservedTextWriter> out, int process, Pages &memory) {
  for (const char *name : process_files) {
    ssize_t size = read_text(process, name, memory.data(), memory.size());
    add_text(out.next(), Str::of(name), size < 0 ? static_cast<int>(-size) : 0, text_of(memory.data(), size));
  }
  add_memory(out, process);
  ssize_t size = readlinkat(process, "cwd", memory.data(), 4096);
  add_text(out.next(), Str::of("cwd"), size < 0 ? errno : 0, text_of(memory.data(), size));
}

void add_namespaces(ListWriter<ObservedNamespaceWriter> out, int process) {
  for (const char *name : namespaces) {
    char theirs[64], ours[64];
    TextOf<32> path, own;
    path.add("ns/").add(name);
    own.add("/proc/self/ns/").add(name);
    ssize_t size = readlinkat(process, path.c_str(), theirs, sizeof theirs);
    ssize_t own_size = readlink(own.c_str(), ours, sizeof ours);
    out.next().type(Str::of(name)).container(text_of(theirs, size)).caller(text_of(ours, own_size));
  }
}

// struct sched_attr of linux/sched/types.h.
struct SchedulingAttributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

void add_scheduling(ObservationWriter &out, pid_t pid) {
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, pid, &attributes, sizeof attributes, 0) == 0) {
    out.scheduling()
        .policy(attributes.policy)
        .nice(attributes.nice)
        .priority(attributes.priority)
        .flags(static_cast<int64_t>(attributes.flags))
        .runtime(static_cast<int64_t>(attributes.runtime))
        .deadline(static_cast<int64_t>(attributes.deadline))
        .period(static_cast<int64_t>(attributes.period));
  }
  constexpr int of_process = 1; // IOPRIO_WHO_PROCESS
  long priority = syscall(SYS_ioprio_get, of_process, pid);
  if (priority >= 0) out.io_priority(priority);
}

void add_cgroup_files(ListWriter<ObservedTextWriter> out, const Record &record, const List<FileLook> &looks) {
  StatsSource source;
  int err = source.open(record);
  for (const FileLook &file : looks) {
    if (file.where != FileLookWhere::cgroup) continue;
    Slice text{nullptr, nullptr};
    errno = ENOENT;
    if (err == 0 && source.read(file.path.c_str(), text))
      add_text(out.next(), file.path, 0, text_of(text.begin, static_cast<ssize_t>(text.size())));
    else
      add_text(out.next(), file.path, err != 0 ? err : errno != 0 ? errno : EIO, {});
  }
}

bool asks_for(const List<FileLook> &looks, FileLookWhere where) {
  for (const FileLook &file : looks) {
    if (is_at(file, where)) return true;
  }
  return false;
}

void add_kernel(ListWriter<ObservedTextWriter> out, const List<FileLook> &looks, int process) {
  if (!asks_for(looks, FileLookWhere::kernel)) return;
  KernelText *texts = shared_memory<KernelText>(looks.size());
  if (texts == nullptr) return;
  read_kernel_aside(looks, process, texts);
  const KernelText *next = texts;
  for (const FileLook &file : looks) {
    const KernelText &entry = *next++;
    if (file.where != FileLookWhere::kernel) continue;
    int err = __atomic_load_n(&entry.done, __ATOMIC_ACQUIRE) ? entry.err : ETIMEDOUT;
    add_text(out.next(), file.path, err, {entry.text, entry.size});
  }
  munmap(texts, looks.size() * sizeof(KernelText));
}

// Files of resctrl, which is the host's.
void add_resctrl(ListWriter<ObservedTextWriter> out, const List<FileLook> &looks, Pages &memory) {
  if (!asks_for(looks, FileLookWhere::resctrl)) return;
  Fd root(open("/sys/fs/resctrl", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct statfs fs;
  bool mounted =
      root.valid() && fstatfs(root.get(), &fs) == 0 && static_cast<uint64_t>(fs.f_type) == sys::magic_resctrl;
  for (const FileLook &file : looks) {
    if (file.where != FileLookWhere::resctrl) continue;
    ssize_t size = mounted ? read_text(root.get(), file.path.c_str(), memory.data(), memory.size()) : -ENODEV;
    add_text(out.next(), file.path, size < 0 ? static_cast<int>(-size) : 0, text_of(memory.data(), size));
  }
}

// `err`: why the root cannot be opened.
void add_paths(ListWriter<ObservedPathWriter> out, const List<FileLook> &looks, FileLookWhere where, int err,
               int root) {
  if (!asks_for(looks, where)) return;
  PathSeen *seen = shared_memory<PathSeen>(looks.size());
  if (seen == nullptr) return;
  if (err == 0) look_aside(looks, where, root, seen);
  const PathSeen *next = seen;
  for (const FileLook &file : looks) {
    const PathSeen &entry = *next++;
    if (!is_at(file, where)) continue;
    bool done = __atomic_load_n(&entry.done, __ATOMIC_ACQUIRE);
    out.next()
        .path(file.path)
        .errno_(done       ? entry.err
                : err != 0 ? err
                           : ETIMEDOUT)
        .mode(entry.mode)
        .uid(entry.uid)
        .gid(entry.gid)
        .major(entry.major)
        .minor(entry.minor)
        .inode(static_cast<int64_t>(entry.inode))
        .mount(static_cast<int64_t>(entry.mount))
        .mount_root(entry.mount_root)
        .link({entry.link, entry.link_size});
  }
  munmap(seen, looks.size() * sizeof(PathSeen));
}

// Whether this is still the process of the record: its start time is in its own folder of /proc, which names no other.
bool is_init(int process, const Record &record) {
  ProcessStat stat;
  return read_stat_below(process, stat) == 0 && stat.start_time == record.start_time;
}

} // namespace

int observe(const Record &record, const List<FileLook> &looks, bool started, ObservationWriter &out) {
  TextOf<32> path;
  path.add("/proc/").add_signed(record.pid);
  Fd process(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process.valid() || !is_init(process.get(), record)) return ESRCH;
  Pages memory;
  if (!memory.allocate(text_max)) return errno;
  out.started(started);
  add_process(out.process(), process.get(), memory);
  add_namespaces(out.namespaces(), process.get());
  add_cgroup_files(out.cgroup_files(), record, looks);
  add_kernel(out.kernel(), looks, process.get());
  for (const FileLook &file : looks) {
    if (file.where == FileLookWhere::devices && file.program) add_device_programs(out, record, file.program.value);
  }
  add_resctrl(out.resctrl(), looks, memory);
  Fd root(openat(process.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (asks_for(looks, FileLookWhere::privileged) && root.valid()) write_privileged(out.privileged(), root.get());
  add_paths(out.paths(), looks, FileLookWhere::container, root.valid() ? 0 : errno, root.get());
  add_paths(out.host_paths(), looks, FileLookWhere::host, 0, -1);
  add_scheduling(out, record.pid);
  ssize_t size = read_text(AT_FDCWD, "/proc/self/mountinfo", memory.data(), memory.size());
  out.host_mounts(text_of(memory.data(), size));
  // The pid may have been another's while we asked by it.
  return is_init(process.get(), record) ? 0 : ESRCH;
}

int write_privileged(PrivilegedFilesWriter out, int root) {
  PrivilegedFiles *files = shared_memory<PrivilegedFiles>(1);
  if (files != nullptr) find_privileged_aside(root, files);
  int err = files == nullptr ? errno : 0;
  bool done = err == 0 && __atomic_load_n(&files->done, __ATOMIC_ACQUIRE);
  out.complete(done && files->complete);
  StringListWriter paths = out.paths();
  if (done) each_privileged(*files, [&](Str path) { paths.add(path); });
  if (files != nullptr) munmap(files, sizeof *files);
  return err;
}

} // namespace veloci

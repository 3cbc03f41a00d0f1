#include "host/facts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>

#include "base/directory.h"
#include "host/cgroup_facts.h"
#include "host/seccomp.h"

namespace veloci {
namespace {

constexpr size_t scratch_size = 1 << 20; // mountinfo of some thousand mounts; only what is touched costs anything
constexpr uint32_t max_cached_filters = 256;
constexpr uint32_t max_id_ranges = 64;
constexpr uint32_t max_listen_fds = 1021;
// Inode number of the initial user namespace (PROC_USER_INIT_INO, since Linux 3.8).
constexpr const char *initial_user_namespace = "user:[4026531837]";

// Memory for one file's text at a time.
class Scratch {
public:
  Scratch() {
    void *memory = mmap(nullptr, scratch_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data_ = memory == MAP_FAILED ? nullptr : static_cast<char *>(memory);
  }
  ~Scratch() {
    if (data_ != nullptr) munmap(data_, scratch_size);
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  bool ok() const { return data_ != nullptr; }
  char *data() { return data_; }
  // The text of a file; empty when it cannot be read.
  Slice read(const char *path) {
    ssize_t size = read_text(AT_FDCWD, path, data_, scratch_size);
    return {data_, data_ + (size > 0 ? size : 0)};
  }

private:
  char *data_;
};

int last_capability() {
  auto known = [](int capability) { return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; };
  int last = 40; // CAP_CHECKPOINT_RESTORE, the last one since Linux 5.9
  while (last < 63 && known(last + 1)) last++;
  while (last > 0 && !known(last)) last--;
  return last;
}

// Copies the name of a user in /etc/passwd (`NAME:PASSWORD:UID:…`), or `#UID`.
Str user_name(uid_t uid, Scratch &scratch, char (&name)[256]) {
  Slice lines = scratch.read("/etc/passwd");
  while (!lines.empty()) {
    Slice line = lines.cut('\n');
    Slice user = line.cut(':');
    line.cut(':');
    uint32_t number;
    if (!parse_u32(line.cut(':'), number) || number != uid || user.size() >= sizeof name) continue;
    memcpy(name, user.begin, user.size());
    return {name, static_cast<uint32_t>(user.size())};
  }
  char *cursor = name + sizeof name;
  do {
    *--cursor = static_cast<char>('0' + uid % 10);
    uid /= 10;
  } while (uid != 0);
  *--cursor = '#';
  return {cursor, static_cast<uint32_t>(name + sizeof name - cursor)};
}

// Ranges of subuid(5): lines `NAME-OR-UID:START:COUNT`.
void write_id_ranges(PairListWriter ranges, Slice lines, Str user, uid_t uid) {
  for (uint32_t added = 0; !lines.empty() && added < max_id_ranges;) {
    Slice line = lines.cut('\n');
    Slice owner = line.cut(':');
    uint32_t number, start, count;
    bool own = owner.str() == user || (parse_u32(owner, number) && number == uid);
    if (!own || !parse_u32(line.cut(':'), start) || !parse_u32(line, count)) continue;
    ranges.add(start, count);
    added++;
  }
}

// Hash of the profile, a dash, hash of the program.
bool is_filter(const char *name) {
  constexpr const char *digits = "0123456789abcdef";
  if (strspn(name, digits) != 64 || name[64] != '-') return false;
  return strspn(name + 65, digits) == 64 && name[129] == '\0';
}

void write_cached_filters(StringListWriter names, int root_fd) {
  Fd folder(root_fd < 0 ? -1 : openat(root_fd, ".cache/seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder.valid()) return;
  uint32_t count = 0;
  find_dirent(folder.get(), [&](const DirectoryEntry &entry) {
    if (!is_filter(entry.name)) return true;
    names.add(Str::of(entry.name));
    return ++count < max_cached_filters;
  });
}

void write_security_modules(SecurityModulesWriter facts, bool selinux) {
  char enabled[4];
  ssize_t size = read_text(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled, sizeof enabled);
  facts.apparmor(size > 0 && enabled[0] == 'Y').selinux(selinux);
}

// LANDLOCK_CREATE_RULESET_VERSION. Negative without Landlock.
int landlock_abi() { return static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, 1)); }

bool is_terminal(int fd) {
  winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0;
}

int write_identity(HostFactsWriter &facts) {
  utsname system;
  if (uname(&system) != 0) return errno;
  facts.kernel(Str::of(system.release)).arch(Str::of(system.machine)).euid(geteuid()).egid(getegid());
  char cwd[PATH_MAX];
  // The system call says "(unreachable)/…" for a directory outside of the root.
  long size = syscall(SYS_getcwd, cwd, sizeof cwd);
  facts.cwd(size > 0 && cwd[0] == '/' ? Str::of(cwd) : Str{});

  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return errno;
  facts.last_cap(last_capability());
  facts.capabilities(sets[0].permitted, sets[1].permitted);
  return 0;
}

// The id outside of the user namespace, in lines of `INSIDE OUTSIDE COUNT`.
bool owner_of_namespace(Slice map, uint32_t uid, uint32_t &owner) {
  auto number = [](Slice &line, uint32_t &value) {
    while (!line.empty() && *line.begin == ' ') line.begin++;
    return parse_u32(line.cut(' '), value);
  };
  while (!map.empty()) {
    Slice line = map.cut('\n');
    uint32_t inside, outside, count;
    if (!number(line, inside) || !number(line, outside) || !number(line, count)) continue;
    if (uid < inside || uid - inside >= count) continue;
    owner = outside + (uid - inside);
    return true;
  }
  return false;
}

void write_user(HostFactsWriter &facts, Scratch &scratch) {
  uid_t uid = geteuid();
  bool nested = in_user_namespace();
  bool rootless = uid != 0 || nested;
  char buffer[256];
  Str name = user_name(uid, scratch, buffer);
  facts.user(name).rootless(rootless).user_namespace(nested);
  if (!rootless) return;
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') facts.runtime_dir(Str::of(runtime));
  uint32_t owner;
  if (nested && owner_of_namespace(scratch.read("/proc/self/uid_map"), uid, owner)) facts.owner_uid(owner);
  SubordinateIdsWriter ids = facts.subids();
  write_id_ranges(ids.uid(), scratch.read("/etc/subuid"), name, uid);
  write_id_ranges(ids.gid(), scratch.read("/etc/subgid"), name, uid);
}

// Whether a text is a traceparent of W3C Trace Context: 00-TRACE-PARENT-FLAGS in hexadecimal digits.
bool is_traceparent(const char *text) {
  constexpr size_t length = 55, trace = 2, parent = 35, flags = 52;
  if (strlen(text) != length) return false;
  for (size_t i = 0; i < length; i++) {
    bool dash = i == trace || i == parent || i == flags;
    bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

} // namespace

bool in_user_namespace() {
  char link[64];
  ssize_t size = readlink("/proc/self/ns/user", link, sizeof link);
  return size > 0 && !Slice{link, link + size}.equals(initial_user_namespace);
}

int host_facts(const FactsOptions &options, HostFactsWriter &facts) {
  Scratch scratch;
  if (!scratch.ok()) return ENOMEM;
  int err = write_identity(facts);
  if (err != 0) return err;
  write_user(facts, scratch);

  Slice mounts = scratch.read("/proc/self/mountinfo");
  char cgroups[8192];
  ssize_t cgroups_size = read_text(AT_FDCWD, "/proc/self/cgroup", cgroups, sizeof cgroups);
  Slice own{cgroups, cgroups + (cgroups_size > 0 ? cgroups_size : 0)};
  bool selinux = mounted(mounts, "selinuxfs");
  {
    CgroupFactsWriter cgroup = facts.cgroup();
    write_cgroup_facts(cgroup, scratch.data(), mounts.size(), own, options.delegation);
  }
  write_security_modules(facts.lsm(), selinux);
  write_cached_filters(facts.seccomp_cache(), options.root_fd);
  facts.seccomp().version(seccomp_library_version());
  facts.listen_fds(options.listen_fds);
  if (!options.notify_socket.empty()) facts.notify_socket(options.notify_socket);
  if (const char *trace = getenv("TRACEPARENT"); trace != nullptr && is_traceparent(trace))
    facts.traceparent(Str::of(trace));
  facts.terminal(is_terminal(options.terminal_fd))
      .page_size(sysconf(_SC_PAGESIZE))
      .kcore(access("/proc/kcore", F_OK) == 0);
  if (int abi = landlock_abi(); abi > 0) facts.landlock(abi);
  return 0;
}

uint32_t listen_fds_of(const char *const *environment) {
  const Slice count_key = Slice::of("LISTEN_FDS="), pid_key = Slice::of("LISTEN_PID=");
  uint32_t count = 0, pid = 1;
  for (; *environment != nullptr; environment++) {
    Slice entry{*environment, *environment + strlen(*environment)};
    if (entry.starts_with(count_key)) parse_u32({entry.begin + count_key.size(), entry.end}, count);
    if (entry.starts_with(pid_key)) parse_u32({entry.begin + pid_key.size(), entry.end}, pid);
  }
  bool ours = pid == 1 || pid == static_cast<uint32_t>(getpid());
  return ours && count <= max_listen_fds ? count : 0;
}

} // namespace veloci

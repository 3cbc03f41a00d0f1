#include "host/probes.h"

#include <fcntl.h>
#include <initializer_list>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/search.h"
#include "base/sys.h"
#include "host/text.h"

namespace veloci {
namespace {

// Calls with arguments that do nothing; what counts is whether the kernel has them (ENOSYS).
struct Call {
  const char *name;
  long (*run)();
};

constexpr Call calls[] = {
    {"openat2",
     [] {
       Fd fd(sys::openat2(AT_FDCWD, "/", {O_PATH | O_CLOEXEC, 0, sys::resolve_no_magiclinks}));
       return fd.valid() ? 0L : -1L;
     }},
    {"clone3", [] { return syscall(435, nullptr, 0); }},
    {"pidfd_open",
     [] {
       Fd fd(sys::pidfd_open(getpid(), 0));
       return fd.valid() ? 0L : -1L;
     }},
    {"close_range", [] { return static_cast<long>(sys::close_range(~0u, ~0u, 0)); }},
    {"open_tree", [] { return static_cast<long>(sys::open_tree(-1, "", sys::at_empty_path)); }},
    {"fsopen", [] { return static_cast<long>(sys::fsopen(nullptr, 0)); }},
    {"mount_setattr",
     [] {
       return static_cast<long>(sys::mount_setattr(-1, "", sys::at_empty_path, {0, 0, 0, 0}));
     }},
    {"faccessat2", [] { return static_cast<long>(sys::faccessat2(AT_FDCWD, "/", F_OK, 0)); }},
};

void write_calls(NumberMapWriter results) {
  for (const Call &call : calls) {
    errno = 0;
    bool worked = call.run() >= 0;
    results.add(call.name, worked ? 0 : errno);
  }
}

// Runs `body` in a child; its result, an errno. EAGAIN when there is no child.
template <class Body> int in_child(Body body) {
  pid_t child = fork();
  if (child < 0) return EAGAIN;
  if (child == 0) _exit(body());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int result_of(long value) { return value >= 0 ? 0 : errno; }

// A kernel that has the flag looks at the descriptor, which is no cgroup.
int probe_clone_into_cgroup() {
  Fd other(open("/dev/null", O_RDONLY | O_CLOEXEC));
  sys::CloneArguments arguments = {};
  arguments.flags = sys::clone_into_cgroup;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<uint64_t>(other.get());
  pid_t child = sys::clone3(arguments);
  if (child == 0) _exit(0);
  int err = result_of(child);
  if (child > 0) waitpid(child, nullptr, 0);
  return err == EBADF ? 0 : err;
}

// Maps the ids of a detached tmpfs by the user namespace of a child.
int probe_idmapped_mounts() {
  int ready[2], done[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0) return errno;
  Fd ready_reader(ready[0]), ready_writer(ready[1]), done_reader(done[0]), done_writer(done[1]);
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    done_writer.reset();
    char failed = unshare(CLONE_NEWUSER) == 0 ? 0 : static_cast<char>(errno);
    char end;
    if (write(ready_writer.get(), &failed, 1) == 1 && failed == 0 && read(done_reader.get(), &end, 1) < 0) _exit(1);
    _exit(0);
  }
  ready_writer.reset();
  char failed = EPIPE;
  int err = read(ready_reader.get(), &failed, 1) == 1 ? failed : EPIPE;
  if (err == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/uid_map", child);
    Fd map(open(path, O_WRONLY | O_CLOEXEC));
    if (write(map.get(), "0 100000 1000\n", 14) < 0) err = errno;
    snprintf(path, sizeof path, "/proc/%d/gid_map", child);
    map.reset(open(path, O_WRONLY | O_CLOEXEC));
    if (err == 0 && write(map.get(), "0 100000 1000\n", 14) < 0) err = errno;
    snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    Fd user(open(path, O_RDONLY | O_CLOEXEC));
    Fd fs(sys::fsopen("tmpfs", sys::fsopen_cloexec));
    if (err == 0)
      err = fs.valid() ? result_of(sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0)) : errno;
    Fd mount(err == 0 ? sys::fsmount(fs.get(), sys::fsmount_cloexec, 0) : -1);
    constexpr uint64_t attr_idmap = 0x100000;
    sys::MountAttributes attributes = {attr_idmap, 0, 0, static_cast<uint64_t>(user.get())};
    if (err == 0)
      err = mount.valid() ? result_of(sys::mount_setattr(mount.get(), "", sys::at_empty_path, attributes)) : errno;
  }
  done_writer.reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return err;
}

// Loads a program that allows everything, and lets it go again.
int probe_device_program() {
  const struct bpf_insn code[2] = {{0xb7, 0, 0, 0, 1}, {0x95, 0, 0, 0, 0}};
  static const char license[] = "Apache-2.0";
  union bpf_attr load = {};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uint64_t>(code);
  load.insn_cnt = 2;
  load.license = reinterpret_cast<uint64_t>(license);
  Fd program(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load)));
  return program.valid() ? 0 : errno;
}

void write_abilities(ProbesWriter &probes) {
  probes.clone_into_cgroup(probe_clone_into_cgroup());
  probes.user_namespace(in_child([] { return result_of(unshare(CLONE_NEWUSER)); }));
  // Some distributions let users make one, but give them no rights in it.
  probes.rights_in_user_namespace(in_child(
      [] { return result_of(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)); }));
  probes.idmapped_mounts(probe_idmapped_mounts()).device_program(probe_device_program());
}

void write_namespaces(StringListWriter names) {
  for (const char *name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    if (access(path, F_OK) == 0) names.add(Str::of(name));
  }
}

// Texts of one line; those that cannot be read are left out.
struct TextFile {
  ProbeTextsWriter &(ProbeTextsWriter::*write)(Str);
  const char *path;
};
constexpr TextFile texts[] = {
    {&ProbeTextsWriter::seccomp_actions, "/proc/sys/kernel/seccomp/actions_avail"},
    {&ProbeTextsWriter::security_modules, "/sys/kernel/security/lsm"},
    {&ProbeTextsWriter::max_user_namespaces, "/proc/sys/user/max_user_namespaces"},
    {&ProbeTextsWriter::max_pid_namespaces, "/proc/sys/user/max_pid_namespaces"},
    {&ProbeTextsWriter::max_mount_namespaces, "/proc/sys/user/max_mnt_namespaces"},
    {&ProbeTextsWriter::max_network_namespaces, "/proc/sys/user/max_net_namespaces"},
    {&ProbeTextsWriter::unprivileged_user_namespaces, "/proc/sys/kernel/unprivileged_userns_clone"},
    {&ProbeTextsWriter::app_armor_restricts_user_namespaces, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"},
    {&ProbeTextsWriter::memfd_noexec, "/proc/sys/vm/memfd_noexec"},
    {&ProbeTextsWriter::max_keys, "/proc/sys/kernel/keys/maxkeys"},
};

void write_texts(ProbeTextsWriter results) {
  char text[1024];
  for (const TextFile &file : texts) {
    ssize_t size = read_text(AT_FDCWD, file.path, text, sizeof text);
    if (size < 0) continue;
    while (size > 0 && text[size - 1] == '\n') size--;
    (results.*file.write)({text, static_cast<uint32_t>(size)});
  }
}

struct Program {
  FoundProgramWriter (ProbeProgramsWriter::*write)();
  const char *name;
};
constexpr Program programs[] = {
    {&ProbeProgramsWriter::newuidmap, "newuidmap"},
    {&ProbeProgramsWriter::newgidmap, "newgidmap"},
    {&ProbeProgramsWriter::criu, "criu"},
    {&ProbeProgramsWriter::ps, "ps"},
};

void write_programs(ProbeProgramsWriter results) {
  for (const Program &program : programs) {
    TextOf<4096> path_text;
    struct stat info;
    const char *path = path_text.c_str();
    if (find_program(Str::of(program.name), path_text) != 0 || stat(path, &info) != 0) continue;
    char capability[64];
    bool privileged = (info.st_mode & S_ISUID) != 0 ||
                      syscall(SYS_getxattr, path, "security.capability", capability, sizeof capability) > 0;
    (results.*program.write)().path(Str::of(path)).privileged(privileged);
  }
}

bool is_socket(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

void write_systemd(SystemdProbesWriter results) {
  char path[4096] = "";
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') snprintf(path, sizeof path, "%s/bus", runtime);
  results.running(access("/run/systemd/system", F_OK) == 0);
  results.system_bus(is_socket("/run/dbus/system_bus_socket") || is_socket("/run/systemd/private"));
  results.user_bus(path[0] != 0 && is_socket(path));
}

} // namespace

void host_probes(ProbesWriter &probes) {
  write_calls(probes.system_calls());
  write_abilities(probes);
  write_namespaces(probes.namespaces());
  write_texts(probes.texts());
  write_programs(probes.programs());
  write_systemd(probes.systemd());
}

} // namespace veloci

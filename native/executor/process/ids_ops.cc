// process.ids: the id maps of the stager's new user namespace. mount.idmap: those of a mount.
#include "base/pages.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "executor/handler.h"
#include "wait/interrupt.h"
#include "process/process.h"
#include <fcntl.h>
#include <linux/nsfs.h>
#include <initializer_list>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

namespace veloci {

namespace {

// Waits for a program that we have spawned, or ends it. 0 or an errno (ECHILD = it failed; ETIMEDOUT; EINTR = a signal
// asks us to stop).
int finish_helper(pid_t child, Signals *signals) {
  Signals own; // what asks us to stop is blocked and pending all the same
  Fd pidfd(sys::pidfd_open(child, 0));
  int err = pidfd.valid() ? await_readable(pidfd.get(), signals != nullptr ? signals : &own, wait_limit) : errno;
  // It has our real user id, so that we may, set-user-ID or not.
  if (err != 0) kill(child, SIGKILL);
  siginfo_t info = {};
  bool ended = reap_child(child, wait_limit, &info);
  if (err != 0 || !ended) return err != 0 ? err : ETIMEDOUT;
  return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : ECHILD;
}

// Runs newuidmap or newgidmap: `PROGRAM PID INSIDE OUTSIDE COUNT …`. 0 or an errno, as finish_helper.
int run_helper(const char *program, int pid, Str map, Signals *signals) {
  Pages text, words;
  // Each word has a blank behind it.
  if (!text.allocate(map.size + 1) || !words.allocate((map.size / 2 + 4) * sizeof(char *))) return errno;
  memcpy(text.data(), map.data, map.size);
  TextOf<16> number;
  number.add_signed(pid);
  char **args = words.data<char *>();
  size_t count = 0;
  args[count++] = const_cast<char *>(program);
  args[count++] = const_cast<char *>(number.c_str());
  char *rest = nullptr;
  for (char *word = strtok_r(text.data(), " \n", &rest); word != nullptr; word = strtok_r(nullptr, " \n", &rest)) {
    args[count++] = word;
  }
  args[count] = nullptr;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char *environment[] = {nullptr};
  pid_t child = -1;
  int err = ENOENT;
  // A set-user-ID program: only from where the system keeps them.
  for (const char *folder : {"/usr/bin/", "/bin/", "/usr/local/bin/", "/run/wrappers/bin/"}) {
    TextOf<64> path;
    path.add(folder).add(program);
    err = posix_spawn(&child, path.c_str(), nullptr, &attributes, args, environment);
    if (err != ENOENT) break;
  }
  posix_spawnattr_destroy(&attributes);
  return err != 0 ? err : finish_helper(child, signals);
}

// /proc/PID. -1 and errno on failure.
int open_process(int pid) {
  TextOf<16> number;
  number.add_signed(pid);
  Fd procfs(open_host_procfs());
  return procfs.valid() ? open_in_procfs(procfs.get(), number.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : -1;
}

// Writes a whole text to a file of /proc/PID in one write(2).
int write_proc(int process, const char *name, Str text) {
  Fd file(open_in_procfs(process, name, O_WRONLY | O_NOFOLLOW));
  if (!file.valid()) return errno;
  ssize_t count = ::write(file.get(), text.data, text.size);
  if (count < 0) return errno;
  return static_cast<uint32_t>(count) == text.size ? 0 : EIO;
}

} // namespace

Outcome HostHandler::on(const ProcessIds &op) {
  using namespace step::process_ids;
  // Whoever has made the user namespace.
  int pid = context_.init.pid > 0 ? context_.init.pid : context_.stager.pid;
  Fd process(open_process(pid));
  if (!process.valid()) return Outcome::failed(uid_map);
  if (op.deny_setgroups) {
    if (int err = write_proc(process.get(), "setgroups", Str::of("deny")); err != 0)
      return Outcome::failed(setgroups, err);
  }
  if (op.helpers) {
    int err = run_helper("newuidmap", pid, op.uid_map, context_.signals);
    if (err == 0) err = run_helper("newgidmap", pid, op.gid_map, context_.signals);
    if (err != 0) return Outcome::failed(helper, err);
    return {};
  }
  if (int err = write_proc(process.get(), "uid_map", op.uid_map); err != 0) return Outcome::failed(uid_map, err);
  if (int err = write_proc(process.get(), "gid_map", op.gid_map); err != 0) return Outcome::failed(gid_map, err);
  return {};
}

namespace {

// Makes a user namespace with these maps: a child lives in it until it is open. An Outcome of mount.idmap.
Outcome make_user_namespace(const MountIdmap &op, Fd &result) {
  using namespace step::mount_idmap;
  sys::CloneArguments arguments = {};
  int pidfd = -1;
  arguments.flags = sys::clone_newuser | sys::clone_pidfd;
  arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  pid_t parent = getpid();
  pid_t child = sys::clone3(arguments);
  if (child < 0) return Outcome::failed(namespace_);
  if (child == 0) {
    // It has our descriptors, the lock of the state directory too: it must not outlive us.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(1);
    for (;;) pause();
  }
  Fd handle(pidfd);
  Outcome outcome;
  Fd process(open_process(child));
  if (!process.valid())
    outcome = Outcome::failed(maps);
  else if (int err = write_proc(process.get(), "uid_map", op.uid_map); err != 0)
    outcome = Outcome::failed(maps, err);
  else if (err = write_proc(process.get(), "gid_map", op.gid_map); err != 0)
    outcome = Outcome::failed(maps, err);
  else
    result.reset(openat(process.get(), "ns/user", O_RDONLY | O_CLOEXEC));
  if (outcome.ok() && !result.valid()) outcome = Outcome::failed(open);
  sys::pidfd_send_signal(handle.get(), SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

} // namespace

Outcome HostHandler::on(const MountIdmap &op) {
  using namespace step::mount_idmap;
  Fd user;
  if (op.path) {
    user.reset(::open(op.path.value.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!user.valid()) return Outcome::failed(open);
    if (ioctl(user.get(), NS_GET_NSTYPE) != CLONE_NEWUSER) return Outcome::failed(type, EINVAL);
  } else if (Outcome outcome = make_user_namespace(op, user); !outcome.ok()) {
    return outcome;
  }
  unsigned flags = sys::at_empty_path | (op.recursive ? sys::at_recursive : 0);
  sys::MountAttributes attributes = {sys::attr_idmap, 0, 0, static_cast<uint64_t>(user.get())};
  int mount = context_.slots[op.slot].get();
  if (sys::mount_setattr(mount, "", flags, attributes) == 0) return {};
  int err = errno;
  struct statfs fs;
  if (fstatfs(mount, &fs) == 0)
    context_.failure.detail.start(DetailPart::file_system).add_number(static_cast<uint64_t>(fs.f_type));
  return Outcome::failed(attr, err);
}

} // namespace veloci

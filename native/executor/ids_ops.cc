// process.ids: the id maps of the stager's new user namespace.
#include "base/sys.h"
#include "executor/handler.h"
#include "executor/interrupt.h"
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <spawn.h>
#include <sys/vfs.h>
#include <sys/wait.h>

namespace veloci {

namespace {

constexpr unsigned arguments_max = 3 + 340 * 3;

// Runs newuidmap or newgidmap: `PROGRAM PID INSIDE OUTSIDE COUNT …`. 0 or an errno (ECHILD = it refused).
int run_helper(const char *program, int pid, Str map) {
  static char text[16384];
  if (map.size >= sizeof text) return E2BIG;
  memcpy(text, map.data, map.size);
  text[map.size] = 0;
  TextOf<16> number;
  number.add_signed(pid);
  char *args[arguments_max + 1];
  unsigned count = 0;
  args[count++] = const_cast<char *>(program);
  args[count++] = const_cast<char *>(number.c_str());
  char *rest = nullptr;
  for (char *word = strtok_r(text, " \n", &rest); word != nullptr; word = strtok_r(nullptr, " \n", &rest)) {
    if (count == arguments_max) return E2BIG;
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
  if (err != 0) return err;
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ECHILD;
}

// Writes a whole text to a file of /proc/PID in one write(2).
int write_proc(int process, const char *name, Str text) {
  Fd file(openat(process, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return errno;
  ssize_t count = ::write(file.get(), text.data, text.size);
  if (count < 0) return errno;
  return static_cast<uint32_t>(count) == text.size ? 0 : EIO;
}

} // namespace

Outcome HostHandler::on(const ProcessIds &op) {
  using namespace step::process_ids;
  TextOf<32> path;
  path.add("/proc/").add_signed(context_.stager.pid);
  Fd process(open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!process.valid()) return Outcome::failed(uid_map);
  struct statfs fs;
  if (fstatfs(process.get(), &fs) != 0 || static_cast<uint64_t>(fs.f_type) != sys::magic_proc) {
    return Outcome::failed(uid_map, EXDEV);
  }
  if (op.deny_setgroups) {
    if (int err = write_proc(process.get(), "setgroups", Str::of("deny")); err != 0) return Outcome::failed(setgroups, err);
  }
  if (op.helpers) {
    if (int err = run_helper("newuidmap", context_.stager.pid, op.uid_map); err != 0) return Outcome::failed(helper, err);
    if (int err = run_helper("newgidmap", context_.stager.pid, op.gid_map); err != 0) return Outcome::failed(helper, err);
    return {};
  }
  if (int err = write_proc(process.get(), "uid_map", op.uid_map); err != 0) return Outcome::failed(uid_map, err);
  if (int err = write_proc(process.get(), "gid_map", op.gid_map); err != 0) return Outcome::failed(gid_map, err);
  return {};
}

} // namespace veloci

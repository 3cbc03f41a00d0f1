// Landlock (landlock(7)): what the program may do is limited by itself, beneath paths and with ports.
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "init/init.h"

namespace veloci {
namespace {

// From <linux/landlock.h>, which may be older than the kernel.
constexpr unsigned rule_path_beneath = 1;
constexpr unsigned rule_net_port = 2;
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed_access;
  int32_t parent_fd;
};

// The plan's values lie as struct landlock_ruleset_attr and struct landlock_net_port_attr have them.
static_assert(offsetof(LandlockRestrict, net) == offsetof(LandlockRestrict, fs) + 8);
static_assert(offsetof(LandlockRestrict, scoped) == offsetof(LandlockRestrict, fs) + 16);
static_assert(offsetof(LandlockPort, port) == 8 && offsetof(LandlockPort, rights) == 0);

} // namespace

Outcome Init::on(const LandlockRestrict &op) {
  namespace steps = step::landlock_restrict;
  Fd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &op.fs, op.size, 0)));
  if (!ruleset.valid()) return Outcome::failed(steps::create);
  auto add = [&](unsigned type, const void *rule) {
    return syscall(SYS_landlock_add_rule, ruleset.get(), type, rule, 0) == 0;
  };
  Fd root(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const LandlockPath &path : op.paths) {
    Fd file(open_in_root(root.get(), path.path.c_str(), O_PATH));
    struct stat status;
    if (!file.valid() || fstat(file.get(), &status) < 0) return fail(steps::open, path.path);
    PathBeneath rule = {S_ISDIR(status.st_mode) ? path.rights : path.rights & op.file_rights, file.get()};
    if (!add(rule_path_beneath, &rule)) return fail(steps::path, path.path);
  }
  for (const LandlockPort &port : op.ports) {
    if (!add(rule_net_port, &port)) return Outcome::failed(steps::port);
  }
  long result = syscall(SYS_landlock_restrict_self, ruleset.get(), 0);
  return result == 0 ? Outcome::success() : Outcome::failed(steps::restrict);
}

} // namespace veloci

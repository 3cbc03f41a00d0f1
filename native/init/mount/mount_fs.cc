#include <fcntl.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "init/mount/copy_up.h"
#include "init/init.h"
#include "init/mount/foreign_procfs.h"

namespace veloci {
namespace {

namespace steps = step::mount_fs;

// Adds what the kernel has said about the file system's context: lines like "e tmpfs: Bad value for 'size'".
void add_kernel_words(int fs, Detail &detail) {
  int err = errno;
  Text *words = nullptr;
  for (;;) {
    char line[512];
    ssize_t size = ::read(fs, line, sizeof line);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    size_t end = static_cast<size_t>(size);
    while (end > 0 && line[end - 1] == '\n') end--;
    size_t start = end > 2 && line[1] == ' ' ? 2 : 0;
    if (words != nullptr)
      words->add(": ");
    else
      words = &detail.next(DetailPart::words);
    words->add(line + start, end - start);
  }
  errno = err;
}

int set_option(int fs, const FsOption &option) {
  if (!option.value) return sys::fsconfig(fs, sys::fsconfig_set_flag, option.key.c_str(), nullptr, 0);
  return sys::fsconfig(fs, sys::fsconfig_set_string, option.key.c_str(), option.value.value.c_str(), 0);
}

} // namespace

// A failure with what was refused and the kernel's words about it.
Outcome Init::refused(int fs, int step, Str what) {
  int err = errno;
  shared_.detail.start(DetailPart::option).add(what);
  add_kernel_words(fs, shared_.detail);
  return Outcome::failed(step, err);
}

Outcome Init::set_options(int fs, const List<FsOption> &options, int step) {
  for (const FsOption &option : options) {
    if (set_option(fs, option) < 0) return refused(fs, step, option.key);
  }
  return Outcome::success();
}

Outcome Init::on(const MountReconfigure &op) {
  namespace steps = step::mount_reconfigure;
  Fd target(open_mount(op.target));
  if (!target.valid()) return fail(steps::target, op.target);
  Fd fs(sys::fspick(target.get(), "", sys::fspick_cloexec | sys::fspick_empty_path));
  if (!fs.valid()) return fail(steps::pick, op.target);
  if (Outcome set = set_options(fs.get(), op.options, steps::option); !set.ok()) return set;
  if (sys::fsconfig(fs.get(), sys::fsconfig_reconfigure, nullptr, nullptr, 0) == 0) return Outcome::success();
  return refused(fs.get(), steps::reconfigure, op.target);
}

Outcome Init::on(const MountFs &op) {
  BriefFd fs(op.pids ? fsopen_procfs_of(shared_.slots[op.pids.value.number].get())
                     : sys::fsopen(op.type.c_str(), sys::fsopen_cloexec));
  if (!fs.valid()) return fail(steps::fsopen, op.type);
  if (op.source && set_option(fs.get(), {Str::of("source"), op.source}) < 0) {
    return refused(fs.get(), steps::option, Str::of("source"));
  }
  if (Outcome set = set_options(fs.get(), op.options, steps::option); !set.ok()) return set;
  if (op.covered_mode) {
    Fd covered(open_in_root(root(), op.target.c_str(), O_PATH | O_DIRECTORY));
    struct stat status;
    TextOf<16> mode;
    bool known = covered.valid() && fstat(covered.get(), &status) == 0;
    mode.add_octal(known ? status.st_mode & 07777 : 0);
    if (known && sys::fsconfig(fs.get(), sys::fsconfig_set_string, "mode", mode.c_str(), 0) < 0) {
      return refused(fs.get(), steps::option, Str::of("mode"));
    }
  }
  if (sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0)
    return refused(fs.get(), steps::create, op.type);
  // A read-only mount can be filled only before it becomes so.
  uint64_t later = op.copy_up ? op.attr & sys::attr_rdonly : 0;
  BriefFd tree(sys::fsmount(fs.get(), sys::fsmount_cloexec, op.attr & ~later));
  if (!tree.valid() && op.attr & sys::attr_nosymfollow) { // since Linux 5.14
    later |= sys::attr_nosymfollow;
    tree.reset(sys::fsmount(fs.get(), sys::fsmount_cloexec, op.attr & ~later));
  }
  if (!tree.valid()) return refused(fs.get(), steps::fsmount, op.type);
  fs.reset();
  // Who holds the process that has opened a procfs of others may have given something else.
  if (op.pids && !on_procfs(tree.get())) return fail(steps::fsmount, EPERM, op.type);
  BriefFd target(open_target(op.target, op.directory ? TargetKind::real_directory : TargetKind::directory));
  if (!target.valid()) return Outcome::failed(steps::target);
  if (op.copy_up && !copy_up(root(), op.target, tree.get(), shared_.detail.words())) {
    int err = errno;
    if (err == EOVERFLOW) {
      Text &limit = shared_.detail.start(DetailPart::limit);
      limit.add("tmpcopyup copies directories to a depth of ").add_number(copy_up_depth_max);
    }
    return Outcome::failed(steps::copy, err);
  }
  bool late = !set_attributes(tree.get(), false, later, 0, 0);
  if (late && !only_in_place()) return fail(steps::fsmount, op.type);
  if (op.slot) {
    shared_.slots[op.slot.value.number].reset(tree.release());
    return Outcome::success();
  }
  if (!attach(tree.get(), target.get())) return fail(steps::attach, op.target);
  if (!verify(tree.get(), op.target)) return fail(steps::verify, op.target);
  if (late && !set_attributes(tree.get(), false, later, 0, 0)) return fail(steps::fsmount, op.type);
  if (needs_procfs() && on_procfs(tree.get())) mounted_procfs_.reset(fcntl(tree.get(), F_DUPFD_CLOEXEC, 3));
  if (!set_propagation(tree.get(), op.propagation)) return fail(steps::propagate, op.target);
  return Outcome::success();
}

} // namespace veloci

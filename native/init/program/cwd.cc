#include <fcntl.h>
#include <initializer_list>
#include <sys/syscall.h>

#include "base/sys.h"
#include "init/init.h"

namespace veloci {

// Nothing of the host may be open when the working directory is entered: /proc/self/fd must lead nowhere.
void Init::close_descriptors() {
  load_filters();
  unsigned first_other = static_cast<unsigned>(first_preserved_fd) + shared_.preserved;
  unsigned kept = listener_.valid() ? static_cast<unsigned>(listener_.get()) : 0;
  closing.flush_below(first_other);
  if (kept > first_other) sys::close_range(first_other, kept - 1, 0);
  sys::close_range(kept >= first_other ? kept + 1 : first_other, ~0u, 0);
  // What has taken one of the low numbers, free since the plan came, is closed by itself.
  auto drop = [&](Fd &fd) {
    int number = fd.release();
    if (number >= 0 && static_cast<unsigned>(number) < first_other) close(number);
  };
  for (Fd &slot : shared_.slots) drop(slot);
  for (Fd *fd : {&root_, &procfs_, &mounted_procfs_, &parent_, &null_.tree, &empty_.tree}) drop(*fd);
  closed_ = true;
}

// Enters a directory of the root and proves that it lies there.
bool Init::enter(Str path, int &step, int open_step) {
  step = open_step;
  Fd root(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd directory(root.valid() ? open_in_root(root.get(), path.c_str(), O_PATH | O_DIRECTORY) : -1);
  if (!directory.valid()) return false;
  step = open_step + 1;
  if (fchdir(directory.get()) < 0) return false;
  step = open_step + 2;
  char name[path_max];
  // What lies outside of the root gets a name like "(unreachable)/x".
  long size = syscall(SYS_getcwd, name, sizeof name);
  in_cwd_ = size > 0 && name[0] == '/';
  if (in_cwd_) return true;
  if (size > 0) errno = EXDEV;
  return false;
}

Outcome Init::on(const CwdEnter &op) {
  namespace steps = step::cwd_enter;
  static_assert(steps::chdir == steps::open + 1 && steps::proof == steps::open + 2);
  close_descriptors();
  int step;
  if (enter(op.path, step, steps::open)) return Outcome::success();
  if (errno == ENOENT && op.create && step == steps::open) {
    Fd created(make_in_root(root(), op.path, Missing::directory, 0755));
    bool there = created.valid();
    int err = errno;
    created.reset();
    root_.reset();
    // What a read-only root lacks is missing, first of all.
    if (!there && err == EROFS) return fail(steps::chdir, ENOENT, op.path);
    if (!there) return fail(steps::create, err, op.path);
    if (enter(op.path, step, steps::open)) return Outcome::success();
  }
  if (errno == EACCES && op.late && step != steps::proof) return Outcome::success();
  return fail(step, op.path);
}

Outcome Init::on(const CwdAgain &op) {
  namespace steps = step::cwd_again;
  static_assert(steps::chdir == steps::open + 1 && steps::proof == steps::open + 2);
  // Root was there already, maybe where the user may not go by himself.
  if (in_cwd_) return Outcome::success();
  int step;
  return enter(op.path, step, steps::open) ? Outcome::success() : fail(step, op.path);
}

} // namespace veloci

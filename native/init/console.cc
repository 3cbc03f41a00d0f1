#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/sys.h"
#include "init/init.h"

namespace veloci {
namespace {

namespace steps = step::console_open;

constexpr unsigned long get_peer = 0x5441; // TIOCGPTPEER

// The multiplexer of the container's own devpts. Nothing is opened before it is known to lie there: the open of a
// device or of a FIFO that an image has put in its place could block, or do something.
int open_ptmx(int root) {
  Fd directory(open_in_root(root, "/dev/pts", O_PATH | O_DIRECTORY));
  struct statfs fs;
  struct stat status;
  if (!directory.valid() || fstatfs(directory.get(), &fs) < 0) return -1;
  if (static_cast<uint64_t>(fs.f_type) != sys::magic_devpts) return errno = ENODEV, -1;
  sys::OpenHow how = {O_RDWR | O_NOCTTY | O_CLOEXEC, 0,
                      sys::resolve_beneath | sys::resolve_no_xdev | sys::resolve_no_symlinks};
  Fd ptmx(sys::openat2(directory.get(), "ptmx", how));
  if (!ptmx.valid() || fstat(ptmx.get(), &status) < 0) return -1;
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(5, 2)) return ptmx.release();
  errno = ENODEV;
  return -1;
}

// /dev/console, made as an empty file when it is missing. Its last component is never followed.
int open_console(int root) {
  Name name;
  Fd parent(open_parent_in_root(root, Str::of("/dev/console"), true, name));
  if (!parent.valid()) return -1;
  Fd created(openat(parent.get(), name.text, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0620));
  if (!created.valid() && errno != EEXIST) return -1;
  Fd console(openat(parent.get(), name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!console.valid() || fstat(console.get(), &status) < 0) return -1;
  if (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)) return console.release();
  errno = ENOTSUP;
  return -1;
}

} // namespace

Outcome Init::on(const ConsoleOpen &op) {
  Fd master(open_ptmx(root()));
  if (!master.valid()) return fail(steps::ptmx, errno, "/dev/pts/ptmx");
  int locked = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &locked) < 0) return Outcome::failed(steps::unlock);
  Fd slave(ioctl(master.get(), get_peer, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave.valid()) return Outcome::failed(steps::peer);
  if (op.height != 0 || op.width != 0) {
    winsize size = {};
    if (ioctl(master.get(), TIOCGWINSZ, &size) < 0) return Outcome::failed(steps::size);
    if (op.height != 0) size.ws_row = static_cast<unsigned short>(op.height);
    if (op.width != 0) size.ws_col = static_cast<unsigned short>(op.width);
    if (ioctl(master.get(), TIOCSWINSZ, &size) < 0) return Outcome::failed(steps::size);
  }
  if (fchown(slave.get(), op.uid, static_cast<gid_t>(-1)) < 0) return Outcome::failed(steps::owner);
  if (op.console) {
    Fd target(open_console(root()));
    if (!target.valid()) return fail(steps::target, errno, "/dev/console");
    constexpr unsigned flags = sys::open_tree_clone | sys::open_tree_cloexec | sys::at_empty_path;
    Fd tree(sys::open_tree(slave.get(), "", flags));
    bool attached =
        tree.valid() && attach(tree.get(), target.get()) && verify(tree.get(), Str::of("/dev/console"), true);
    if (!attached) return fail(steps::attach, errno, "/dev/console");
  }
  // The process that process.enter makes takes it itself.
  has_terminal_ = true;
  if (!program_has(code::process_enter) && ioctl(slave.get(), TIOCSCTTY, 0) < 0) return Outcome::failed(steps::session);
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(slave.get(), fd) != fd) return Outcome::failed(steps::stdio);
  }
  shared_.slots[op.slot.number] = static_cast<Fd &&>(master);
  return Outcome::success();
}

} // namespace veloci

#include "init/mount/host_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "base/io.h"
#include "base/mountinfo.h"
#include "base/pages.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"

namespace veloci {
namespace {

// Text of as many mounts as a namespace may have (fs.mount-max: 100000); only what is touched costs anything.
constexpr size_t mountinfo_max = 32 << 20;

bool cover_empty(int target) {
  Fd tree(mount_empty());
  return tree.valid() && sys::move_mount(tree.get(), target) == 0;
}

// Everything that is mounted at this place: of a stack, what lies below would show again.
bool hide(const char *point) {
  for (;;) {
    Fd directory(sys::openat2(AT_FDCWD, point, {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, sys::resolve_no_symlinks}));
    // Gone with a mount above it, or of the container, which is not below the host's root any more.
    if (!directory.valid()) return errno == ENOENT || errno == ENOTDIR;
    if (fchdir(directory.get()) < 0) return false;
    // The going of what is mounted below it must not reach the host.
    bool gone = mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) == 0 && umount2(".", MNT_DETACH) == 0;
    if (gone) continue;
    if (errno != EINVAL && errno != EPERM) return false;
    struct statfs status;
    if (fstatfs(directory.get(), &status) < 0) return false;
    uint64_t type = static_cast<uint64_t>(status.f_type);
    return (type != sys::magic_proc && type != sys::magic_sysfs) || cover_empty(directory.get());
  }
}

} // namespace

int mount_empty() {
  Fd fs(sys::fsopen("tmpfs", sys::fsopen_cloexec));
  if (!fs.valid() || sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0) return -1;
  return sys::fsmount(fs.get(), sys::fsmount_cloexec, sys::attr_rdonly);
}

bool hide_host_mounts(int procfs) {
  Fd file(open_in_procfs(procfs, "self/mountinfo", O_RDONLY));
  Pages memory;
  if (!file.valid() || !memory.allocate(mountinfo_max)) return false;
  Text text(memory.data(), memory.size());
  if (!read_small(file.get(), text)) return false;
  for (Slice lines{text.data(), text.data() + text.size()}; !lines.empty();) {
    Mount mount = parse_mount(lines.cut('\n'));
    if (!mount.root.equals("/") || (!mount.type.equals("proc") && !mount.type.equals("sysfs"))) continue;
    TextOf<path_max> point;
    point.add(unescape_mount(mount.point).str());
    if (!point.complete()) return errno = ENAMETOOLONG, false;
    if (!hide(point.c_str())) return false;
  }
  return true;
}

} // namespace veloci

#include "image/overlay_marks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/sys.h"
#include "image/tree.h"

namespace veloci {
namespace {

// Both attributes: an overlay that is mounted in a user namespace looks for the second one.
bool make_opaque(int directory, bool privileged) {
  if (privileged && fsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0) != 0) return false;
  return fsetxattr(directory, "user.overlay.opaque", "y", 1, 0) == 0 || (privileged && errno == EOPNOTSUPP);
}

// The last name of a path, and the directory that holds it.
bool whiteout(int layer, Str path, bool privileged, ImageFault &fault) {
  TextOf<4096> parent;
  const char *slash = static_cast<const char *>(memrchr(path.data, '/', path.size));
  if (slash != nullptr) parent.add(path.data, static_cast<size_t>(slash - path.data));
  const char *name = slash == nullptr ? path.c_str() : slash + 1;
  Fd directory = open_below(layer, parent.c_str());
  if (!directory.valid()) return fault.system("open a directory", errno, path);
  if (mknodat(directory.get(), name, S_IFCHR, makedev(0, 0)) == 0) return true;
  if (errno != EEXIST) return fault.system("make a whiteout", errno, path);
  // It hides what is below; what the layer itself has is in its place. Of directories overlay would show both.
  Fd other(openat(directory.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!other.valid()) return errno == ENOTDIR || errno == ELOOP || fault.system("open a directory", errno, path);
  return make_opaque(other.get(), privileged) || fault.system("mark a directory", errno, path);
}

} // namespace

bool is_opaque(int directory) {
  char value;
  return fgetxattr(directory, "trusted.overlay.opaque", &value, 1) == 1 ||
         fgetxattr(directory, "user.overlay.opaque", &value, 1) == 1;
}

bool write_overlay_marks(int layer, Str marks, bool privileged, ImageFault &fault) {
  for (const char *mark = marks.data, *end = marks.data + marks.size; mark < end;) {
    Str path = Str::of(mark + 1);
    if (*mark == 'w' && !whiteout(layer, path, privileged, fault)) return false;
    if (*mark == 'o') {
      Fd directory = open_below(layer, path.c_str());
      if (!directory.valid()) return fault.system("open a directory", errno, path);
      if (!make_opaque(directory.get(), privileged)) return fault.system("mark a directory", errno, path);
    }
    mark += path.size + 2;
  }
  return true;
}

} // namespace veloci

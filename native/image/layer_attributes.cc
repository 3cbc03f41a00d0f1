// Owners, modes, times and extended attributes of what a layer has.
#include "image/layer_writer.h"

#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace veloci {
namespace {

constexpr char overlay_root[] = "trusted.overlay.", overlay_user[] = "user.overlay.";
// VFS_CAP_REVISION_2 and _3 of linux/capability.h.
constexpr uint32_t capability_two = 0x02000000, capability_three = 0x03000000, capability_revision = 0xff000000;

bool begins(Str name, const char *with) {
  size_t size = strlen(with);
  return name.size >= size && memcmp(name.data, with, size) == 0;
}

// Labels and checksums are those of the host that has made the image, and of no use on this one.
bool is_kept(Str name) {
  return begins(name, "user.") || begins(name, "trusted.") || begins(name, "system.posix_acl_") ||
         name == Str::of("security.capability");
}

} // namespace

bool LayerWriter::own(int parent, const EntryPath &path, int fd, const TarEntry &entry) {
  uint32_t uid, gid;
  if (!map(rules_.uids, rules_.uid_count, entry.uid, uid, path) ||
      !map(rules_.gids, rules_.gid_count, entry.gid, gid, path))
    return false;
  Str text = path.text.str();
  if (rules_.privileged) {
    int result = fd >= 0 ? fchown(fd, uid, gid) : fchownat(parent, path.name(), uid, gid, AT_SYMLINK_NOFOLLOW);
    if (result != 0) return fault_.system("set an owner", errno, text);
  }
  // After the owner, which takes setuid bits and capabilities away. A directory gets its mode when everything is
  // written.
  if (entry.type == TarType::directory) {
    if (fchmod(fd, 01700) != 0) return fault_.system("set a mode", errno, text);
  } else if (fd >= 0) {
    if (fchmod(fd, entry.mode) != 0) return fault_.system("set a mode", errno, text);
  } else if (entry.type != TarType::symlink) {
    // What was just made here, and nobody else can reach: by its name, since a device is not to be opened.
    if (fchmodat(parent, path.name(), entry.mode, 0) != 0) return fault_.system("set a mode", errno, text);
  }
  return set_attributes(parent, path, fd, entry);
}

bool LayerWriter::set_attributes(int parent, const EntryPath &path, int fd, const TarEntry &entry) {
  for (size_t i = 0; i < entry.attribute_count; i++) {
    Str name = Str::of(entry.attributes[i].name);
    Bytes value = entry.attributes[i].value;
    if (!is_kept(name)) continue;
    TextOf<256> full;
    // A mark of overlay in the image is a file's own: overlay shows it without the first of its words.
    for (const char *prefix : {overlay_root, overlay_user}) {
      if (!begins(name, prefix)) continue;
      full.add(prefix).add("overlay.").add(name.data + strlen(prefix), name.size - strlen(prefix));
    }
    if (full.size() == 0) full.add(name);
    if (!full.complete()) return fault_.archive("the name of an extended attribute is too long", path.text.str());
    uint32_t capability[6];
    if (name == Str::of("security.capability") && rules_.uid_count > 0 && value.size == 20) {
      // Those of a user namespace name its root.
      memcpy(capability, value.data, value.size);
      if ((capability[0] & capability_revision) == capability_two) {
        capability[0] = (capability[0] & ~capability_revision) | capability_three;
        if (!map(rules_.uids, rules_.uid_count, 0, capability[5], path)) return false;
        value = {reinterpret_cast<const uint8_t *>(capability), sizeof capability};
      }
    }
    if (!set_attribute(parent, path, fd, full.str(), value)) return false;
  }
  return true;
}

bool LayerWriter::set_attribute(int parent, const EntryPath &path, int fd, Str name, Bytes value) {
  int result;
  if (fd >= 0) {
    result = fsetxattr(fd, name.c_str(), value.data, value.size, 0);
  } else {
    // The directory by its descriptor, and in it a name that is not followed.
    TextOf<320> place;
    place.add("/proc/self/fd/").add_signed(parent).add_char('/').add(path.name());
    result = lsetxattr(place.c_str(), name.c_str(), value.data, value.size, 0);
  }
  if (result == 0) return true;
  bool refused = errno == EOPNOTSUPP || (!rules_.privileged && (errno == EPERM || errno == EACCES));
  if (!refused) return fault_.system("set an extended attribute", errno, path.text.str());
  if (lost_.size() == 0) lost_.add(path.text.str()).add(": the extended attribute ").add(name);
  return true;
}

bool LayerWriter::set_times(int parent, const EntryPath &path, int fd, const TarEntry &entry) {
  timespec times[2] = {{0, UTIME_OMIT}, {entry.mtime.seconds, static_cast<long>(entry.mtime.nanoseconds)}};
  int result = fd >= 0 ? futimens(fd, times) : utimensat(parent, path.name(), times, AT_SYMLINK_NOFOLLOW);
  return result == 0 || fault_.system("set a time", errno, path.text.str());
}

} // namespace veloci

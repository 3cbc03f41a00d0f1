// A root of layers: an overlay whose writable layer is a tmpfs, or a folder of the host. The mount is in the
// container's mount namespace alone, and goes with it. The layers are named by short paths below the tmpfs, which this
// process enters for that: fsconfig(2) takes no longer text, and no path of the host needs to be escaped.
#include <fcntl.h>
#include <initializer_list>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/sys.h"
#include "init/init.h"

namespace veloci {
namespace {

constexpr const char *upper = "upper", *work = "work";
constexpr mode_t folder_mode = 0755;

// The place of a layer: a number to a large base.
Str name_of(uint32_t index, Text &name) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr uint32_t base = sizeof digits - 1;
  name.clear();
  if (index >= base) name.add_char(digits[index / base % base]);
  return name.add_char(digits[index % base]).str();
}

// What fsconfig(2) takes as one text.
constexpr size_t text_max = 256;

} // namespace

bool Init::make_folders(const LayerBegin &op) {
  for (const char *name : {upper, work}) {
    if (mkdirat(layer_.get(), name, folder_mode) < 0 || fchmodat(layer_.get(), name, folder_mode, 0) < 0) {
      shared_.detail.words().add(name);
      return false;
    }
  }
  Fd root(openat(layer_.get(), upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (Str folder : op.folders) {
    Fd place(make_in_root(root.get(), folder, Missing::directory, folder_mode));
    if (!place.valid() || fchownat(place.get(), "", op.uid, op.gid, AT_EMPTY_PATH) < 0) {
      shared_.detail.words().add(folder);
      return false;
    }
  }
  return true;
}

Outcome Init::on(const LayerBegin &op) {
  namespace steps = step::layer_begin;
  if (!spread(op.tree)) return Outcome::failed(steps::propagate);
  Fd fs(sys::fsopen("tmpfs", sys::fsopen_cloexec));
  if (!fs.valid()) return Outcome::failed(steps::fsopen);
  if (Outcome set = set_options(fs.get(), op.options, steps::option); !set.ok()) return set;
  if (sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0)
    return refused(fs.get(), steps::create, Str::of("tmpfs"));
  layer_.reset(sys::fsmount(fs.get(), sys::fsmount_cloexec, sys::attr_nosuid | sys::attr_nodev));
  if (!layer_.valid()) return Outcome::failed(steps::fsmount);
  if (sys::move_mount(layer_.get(), root()) < 0) return Outcome::failed(steps::attach);
  return make_folders(op) ? Outcome::success() : Outcome::failed(steps::folder);
}

Outcome Init::on(const LayerLower &op) {
  namespace steps = step::layer_lower;
  Str path = op.path ? op.path.value : Str{};
  Fd tree;
  if (op.slot) {
    tree = static_cast<Fd &&>(shared_.slots[op.slot.value.number]);
  } else {
    Fd given(sys::openat2(AT_FDCWD, path.c_str(), {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, sys::resolve_no_symlinks}));
    if (!given.valid()) return fail(steps::open, path);
    tree.reset(sys::open_tree(given.get(), "", sys::open_tree_clone | sys::open_tree_cloexec | sys::at_empty_path));
  }
  if (!tree.valid()) return fail(steps::clone, path);
  TextOf<8> name;
  name_of(lower_count_++, name);
  if (mkdirat(layer_.get(), name.c_str(), folder_mode) < 0) return fail(steps::attach, path);
  Fd place(openat(layer_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place.valid() || sys::move_mount(tree.get(), place.get()) < 0) return fail(steps::attach, path);
  return Outcome::success();
}

Outcome Init::on(const LayerMount &op) {
  namespace steps = step::layer_mount;
  TextOf<text_max> lower;
  TextOf<8> name;
  const uint32_t lowest = op.holds ? 1 : 0;
  for (uint32_t index = lower_count_; index-- > lowest;) {
    lower.add(name_of(index, name));
    if (index > lowest) lower.add_char(':');
  }
  if (!lower.complete() || lower.str().size >= text_max) {
    shared_.detail.start(DetailPart::limit).add("the places of all layers have to fit in 255 characters");
    return Outcome::failed(steps::option, EOVERFLOW);
  }
  if (fchdir(layer_.get()) < 0) return Outcome::failed(steps::option);
  Fd fs(sys::fsopen("overlay", sys::fsopen_cloexec));
  if (!fs.valid()) return Outcome::failed(steps::fsopen);
  constexpr const char *below = "lowerdir";
  if (sys::fsconfig(fs.get(), sys::fsconfig_set_string, below, lower.c_str(), 0) < 0)
    return refused(fs.get(), steps::option, Str::of(below));
  if (Outcome set = set_options(fs.get(), op.options, steps::option); !set.ok()) return set;
  if (sys::fsconfig(fs.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0)
    return refused(fs.get(), steps::create, Str::of("overlay"));
  Fd tree(sys::fsmount(fs.get(), sys::fsmount_cloexec, op.attr));
  if (!tree.valid()) return refused(fs.get(), steps::fsmount, Str::of("overlay"));
  if (op.layer) {
    Fd &layer = shared_.slots[op.layer.value.number];
    layer.reset(openat(layer_.get(), upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!layer.valid()) return Outcome::failed(steps::open);
  }
  // The overlay has what it needs. Nothing but the new root may lie on the old one, or root.pivot would detach the
  // wrong mount.
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return Outcome::failed(steps::attach);
  layer_.reset();
  Fd old(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old.valid() || sys::move_mount(tree.get(), old.get()) < 0) return Outcome::failed(steps::attach);
  if (op.view) {
    Fd &view = shared_.slots[op.view.value.number];
    view.reset(fcntl(tree.get(), F_DUPFD_CLOEXEC, 3));
    if (!view.valid()) return Outcome::failed(steps::open);
  }
  root_ = static_cast<Fd &&>(tree);
  return Outcome::success();
}

} // namespace veloci

// A bundle with a root file system of its own: its layers are unpacked beside it and moved into each other.
#include <fcntl.h>
#include <initializer_list>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "image/merge.h"
#include "image/program/bundle_names.h"
#include "image/program/call.h"
#include "image/tree.h"

namespace veloci {

using namespace diagnostic;
using namespace bundle_name;

int fail_bundle(UnpackCall &call, const Draft &draft, const char *what, int err) {
  return call.fail(ImageBundle{.path = draft.path.str(), .what = Str::of(what), .errno_ = ErrnoText(err)});
}

Draft::~Draft() {
  if (!fd.valid()) return;
  if (kept_) {
    remove_tree(fd.get(), layers);
    return;
  }
  for (const char *name : all) remove_tree(fd.get(), name);
  if (is_new_) rmdir(path.c_str());
}

int Draft::open(Str name) {
  path.add(name);
  is_new_ = mkdir(path.c_str(), 0700) == 0;
  if (!is_new_ && errno != EEXIST) return errno;
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!directory.valid() || fstat(directory.get(), &status) != 0) return errno;
  if (status.st_uid != geteuid()) return EPERM;
  // Two at once would take each other's for what was left.
  if (flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? EBUSY : errno;
  bool begun = false, begun_root = false, foreign = false, empty = true;
  int err = for_each_entry(directory.get(), [&](const char *entry) {
    bool known = false;
    for (const char *one : all) known = known || strcmp(entry, one) == 0;
    empty = false;
    foreign = foreign || !known;
    begun = begun || strcmp(entry, layers) == 0;
    begun_root = begun_root || strcmp(entry, root) == 0;
  });
  if (err != 0) return err;
  // Layers that are complete are kept: but one that was moved into another is not.
  if (!empty && (foreign || !begun)) return ENOTEMPTY;
  for (const char *one : all) {
    if (strcmp(one, layers) == 0 && !begun_root) continue;
    if ((err = remove_tree(directory.get(), one)) != 0) return err;
  }
  // The image's setuid programs are not for the users of this host.
  if (fchmod(directory.get(), 0700) != 0) return errno;
  // That something is not complete yet.
  if (mkdirat(directory.get(), layers, 0700) != 0 && errno != EEXIST) return errno;
  fd = static_cast<Fd &&>(directory);
  return 0;
}

int Draft::finish(Str text) {
  int step;
  int err = replace_file(fd.get(), config, {reinterpret_cast<const uint8_t *>(text.data), text.size}, 0644, step);
  kept_ = err == 0;
  return err;
}

namespace {

int join(UnpackCall &call, const ImageAnswer &answer, const Draft &draft, const LayerStore &store) {
  if (answer.layers.empty() && mkdirat(draft.fd.get(), bundle_name::root, 0755) != 0)
    return fail_bundle(call, draft, "make rootfs", errno);
  uint32_t index = 0;
  Fd root;
  for (const ImageLayer &layer : answer.layers) {
    LayerPlace key;
    place_of(index++, layer.diff_id, key);
    TextOf<128> notes;
    notes.add(key.str()).add(".marks");
    if (index == 1) {
      // The lowest one is the root: there is nothing below that it could hide.
      if (renameat(store.fd(), key.c_str(), draft.fd.get(), bundle_name::root) != 0)
        return fail_bundle(call, draft, "move a layer", errno);
      root.reset(openat(draft.fd.get(), bundle_name::root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!root.valid()) return fail_bundle(call, draft, "open rootfs", errno);
      continue;
    }
    Buffer marks;
    constexpr size_t most_marks = size_t{1} << 30;
    if (int err = read_file(store.fd(), notes.c_str(), most_marks, O_NOFOLLOW, marks); err != 0)
      return fail_bundle(call, draft, "read the marks of a layer", err);
    Fd from(openat(store.fd(), key.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!from.valid()) return fail_bundle(call, draft, "open a layer", errno);
    ImageFault fault;
    if (!merge_layer(root.get(), from.get(), marks.str(), fault)) return call.fail_image(fault, layer.name);
    if (call.stopped()) return call.fail_stopped();
  }
  return 0;
}

} // namespace

// With a root file system of its own.
static int make_copy(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer, Draft &draft) {
  LayerStore place, store;
  TextOf<64> form;
  form_of(answer, form);
  int err = place.open_in(draft.fd.get(), bundle_name::layers);
  if (err == 0) err = store.open_in(place.fd(), form.c_str());
  if (err != 0) return fail_bundle(call, draft, "make a directory", err);
  if (int code = make_layers(call, answer, store, true); code != 0) return code;
  if (int code = join(call, answer, draft, store); code != 0) return code;
  Fd root(openat(draft.fd.get(), bundle_name::root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return fail_bundle(call, draft, "open rootfs", errno);
  TextOf<4096> path;
  path.add(draft.path.str()).add_char('/').add(bundle_name::root);
  int layer = root.get();
  return inquiry.ask(path.c_str(), 1, &layer);
}

int make_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer) {
  Draft draft;
  if (int err = draft.open(call.arguments.operand(1)); err != 0) return fail_bundle(call, draft, "open it", err);
  CachedLayers cache;
  // Layers in the cache have the owners of the image.
  bool joins = !call.arguments.on(cli::Flag::copy) && answer.uids.empty() && answer.gids.empty();
  if (joins) {
    int err = open_cache(call, answer, cache);
    if (err != 0 && call.arguments.has(cli::Flag::cache))
      return call.fail(ImageCache{.path = cache.path.str(), .what = Str::of("open it"), .errno_ = ErrnoText(err)});
    joins = err == 0 && has_overlay(answer, draft, cache);
  }
  // What the attempt has made is not for a copy.
  for (const char *name : {bundle_name::root, bundle_name::overlay}) {
    if (!joins) remove_tree(draft.fd.get(), name);
  }
  int code = joins ? make_overlay_bundle(call, inquiry, answer, draft, cache) : make_copy(call, inquiry, answer, draft);
  if (code != 0) return code;
  const Response &response = inquiry.answer().response;
  if (int err = draft.finish(response.config.value); err != 0)
    return fail_bundle(call, draft, "write config.json", err);
  if (!call.arguments.on(cli::Flag::json)) return 0;
  int err = write_within(STDOUT_FILENO, response.text, -1);
  return err == 0 ? 0 : call.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

} // namespace veloci

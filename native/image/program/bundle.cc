// A bundle with a root file system of its own: its layers are unpacked beside it and moved into each other.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/directory.h"
#include "image/merge.h"
#include "image/program/call.h"
#include "image/tree.h"

namespace veloci {

using namespace diagnostic;

namespace {

constexpr char layers_name[] = ".layers", root_name[] = "rootfs", config_name[] = "config.json";

// What is being made, and taken back unless all is well.
class Draft {
public:
  ~Draft() {
    if (!fd.valid()) return;
    remove_tree(fd.get(), layers_name);
    if (kept) return;
    remove_tree(fd.get(), root_name);
    unlinkat(fd.get(), config_name, 0);
    if (is_new) rmdir(path.c_str());
  }

  // A new directory, or one that is empty. 0 or an errno.
  int open(Str name) {
    path.add(name);
    is_new = mkdir(path.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return errno;
    Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (!directory.valid() || fstat(directory.get(), &status) != 0) return errno;
    if (status.st_uid != geteuid()) return EPERM;
    bool empty = true;
    if (int err = for_each_entry(directory.get(), [&](const char *) { empty = false; }); err != 0) return err;
    if (!empty) return ENOTEMPTY;
    // The image's setuid programs are not for the users of this host.
    if (fchmod(directory.get(), 0700) != 0) return errno;
    fd = static_cast<Fd &&>(directory);
    return 0;
  }

  TextOf<4096> path;
  Fd fd;
  bool is_new = false, kept = false;
};

int fail(UnpackCall &call, const Draft &draft, const char *what, int err) {
  return call.fail(ImageBundle{.path = draft.path.str(), .what = Str::of(what), .errno_ = ErrnoText(err)});
}

int join(UnpackCall &call, const ImageAnswer &answer, const Draft &draft, const LayerStore &store) {
  if (answer.layers.empty() && mkdirat(draft.fd.get(), root_name, 0755) != 0)
    return fail(call, draft, "make rootfs", errno);
  uint32_t index = 0;
  Fd root;
  for (const ImageLayer &layer : answer.layers) {
    TextOf<8> key;
    key.add_number(index++, 4);
    TextOf<16> notes;
    notes.add(key.str()).add(".marks");
    if (index == 1) {
      // The lowest one is the root: there is nothing below that it could hide.
      if (renameat(store.fd(), key.c_str(), draft.fd.get(), root_name) != 0)
        return fail(call, draft, "move a layer", errno);
      root.reset(openat(draft.fd.get(), root_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!root.valid()) return fail(call, draft, "open rootfs", errno);
      continue;
    }
    Buffer marks;
    constexpr size_t most_marks = size_t{1} << 30;
    if (int err = read_file(store.fd(), notes.c_str(), most_marks, O_NOFOLLOW, marks); err != 0)
      return fail(call, draft, "read the marks of a layer", err);
    Fd from(openat(store.fd(), key.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!from.valid()) return fail(call, draft, "open a layer", errno);
    ImageFault fault;
    if (!merge_layer(root.get(), from.get(), marks.str(), fault)) return call.fail_image(fault, layer.name);
    if (call.signals.pending_stop() != 0)
      return call.fail(CommandInterrupted{.signal = NumberText(Signals::pending_stop())});
  }
  return 0;
}

} // namespace

int make_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer) {
  Draft draft;
  if (int err = draft.open(call.arguments.operand(1)); err != 0) return fail(call, draft, "open it", err);
  LayerStore store;
  if (int err = store.open_in(draft.fd.get(), layers_name); err != 0) return fail(call, draft, "make a directory", err);
  if (int code = make_layers(call, answer, store, true); code != 0) return code;
  if (int code = join(call, answer, draft, store); code != 0) return code;
  Fd root(openat(draft.fd.get(), root_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return fail(call, draft, "open rootfs", errno);
  TextOf<4096> path;
  path.add(draft.path.str()).add_char('/').add(root_name);
  int layer = root.get();
  if (int code = inquiry.ask(path.c_str(), 1, &layer); code != 0) return code;
  const Response &response = inquiry.answer().response;
  Str config = response.config.value;
  int step;
  int err = replace_file(draft.fd.get(), config_name, {reinterpret_cast<const uint8_t *>(config.data), config.size},
                         0644, step);
  if (err != 0) return fail(call, draft, "write config.json", err);
  draft.kept = true;
  if (!call.arguments.on(cli::Flag::json)) return 0;
  err = write_within(STDOUT_FILENO, response.text, -1);
  return err == 0 ? 0 : call.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

} // namespace veloci

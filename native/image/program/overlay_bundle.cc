// A bundle whose layers stay in the cache: an overlay that is mounted when its container is made.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "image/overlay_upper.h"
#include "image/program/bundle_names.h"
#include "image/program/call.h"

namespace veloci {

using namespace diagnostic;
using namespace bundle_name;

namespace {

// What mount(2) takes as options, which is how other runtimes mount it.
constexpr size_t most_options = 4096;
// Places that the runtime has for layers (src/spec/checks/root-overlay.ts).
constexpr uint32_t most_joined = 104;

bool is_plain(Str path) {
  for (uint32_t i = 0; i < path.size; i++) {
    unsigned char byte = static_cast<unsigned char>(path.data[i]);
    // Separators of options and of layers, and what keeps them from being some. JSON has no other bytes than UTF-8.
    if (byte <= ' ' || byte >= 0x7f || byte == ':' || byte == ',' || byte == '\\' || byte == '"') return false;
  }
  return path.size > 0 && path.data[0] == '/';
}

// The path of a directory without a link in it. Empty when it cannot be read.
void real_path(int directory, Text &path) {
  TextOf<64> link;
  link.add("/proc/self/fd/").add_signed(directory);
  char text[4096];
  ssize_t size = readlink(link.c_str(), text, sizeof text);
  if (size > 0 && static_cast<size_t>(size) < sizeof text) path.add(text, static_cast<size_t>(size));
}

bool write_text(const char *path, Str text) {
  Fd file(open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() && write(file.get(), text.data, text.size) == static_cast<ssize_t>(text.size);
}

// In a process of its own: whether the kernel mounts it.
bool mounts(const char *target, const char *options) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  if (uid != 0) {
    TextOf<32> uids, gids;
    uids.add("0 ").add_number(uid).add(" 1");
    gids.add("0 ").add_number(gid).add(" 1");
    write_text("/proc/self/setgroups", Str::of("deny"));
    if (!write_text("/proc/self/uid_map", uids.str()) || !write_text("/proc/self/gid_map", gids.str())) return false;
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return mount("overlay", target, "overlay", 0, options) == 0;
}

// Marks of opaque directories.
bool keeps_marks(int directory) {
  const char *name = geteuid() == 0 ? "trusted.overlay.veloci" : "user.overlay.veloci";
  return fsetxattr(directory, name, "y", 1, 0) == 0 && fremovexattr(directory, name) == 0;
}

bool make_folders(const Draft &draft) {
  if (mkdirat(draft.fd.get(), root, 0755) != 0 || mkdirat(draft.fd.get(), overlay, 0700) != 0) return false;
  Fd folder(openat(draft.fd.get(), overlay, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid() || mkdirat(folder.get(), upper, 0755) != 0 || mkdirat(folder.get(), work, 0755) != 0)
    return false;
  Fd writable(openat(folder.get(), upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return writable.valid() && keeps_marks(writable.get());
}

// Of several of the same the topmost hides the others.
bool is_hidden(const ImageAnswer &answer, uint32_t index, Str diff_id) {
  uint32_t i = 0;
  bool hidden = false;
  for (const ImageLayer &layer : answer.layers) hidden = hidden || (i++ > index && layer.diff_id == diff_id);
  return hidden;
}

} // namespace

bool has_overlay(const ImageAnswer &answer, const Draft &draft, const CachedLayers &cache) {
  TextOf<4096> bundle, target, options;
  real_path(draft.fd.get(), bundle);
  size_t layers = answer.layers.size(), each = cache.path.size() + Sha256::hex_size + 2;
  bool fits = layers > 0 && layers <= most_joined && layers * each + 2 * bundle.size() + 128 < most_options;
  if (!fits || !is_plain(bundle.str()) || !is_plain(cache.path.str()) || !make_folders(draft)) return false;
  target.add(bundle.str()).add_char('/').add(root);
  options.add("lowerdir=").add(cache.path.str());
  options.add(",upperdir=").add(bundle.str()).add_char('/').add(overlay).add_char('/').add(upper);
  options.add(",workdir=").add(bundle.str()).add_char('/').add(overlay).add_char('/').add(work);
  if (geteuid() != 0) options.add(",userxattr");
  pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) _exit(target.complete() && options.complete() && mounts(target.c_str(), options.c_str()) ? 0 : 1);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int make_overlay_bundle(UnpackCall &call, Inquiry &inquiry, const ImageAnswer &answer, Draft &draft,
                        CachedLayers &cache) {
  if (int code = make_cached(call, answer, cache); code != 0) return code;
  Buffer marks[most_layers];
  JoinedLayer joined[most_layers];
  Str names[most_layers];
  uint32_t index = 0, count = 0;
  for (const ImageLayer &layer : answer.layers) {
    if (is_hidden(answer, index, layer.diff_id)) {
      index++;
      continue;
    }
    TextOf<128> notes;
    notes.add(layer.diff_id).add(".marks");
    constexpr size_t most_marks = size_t{1} << 30;
    if (int err = read_file(cache.store.fd(), notes.c_str(), most_marks, O_NOFOLLOW, marks[count]); err != 0)
      return fail_bundle(call, draft, "read the marks of a layer", err);
    names[count] = layer.name;
    joined[count] = {cache.layers[index++], marks[count].str()};
    count++;
  }
  TextOf<64> place;
  place.add(overlay).add_char('/').add(upper);
  Fd writable(openat(draft.fd.get(), place.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!writable.valid()) return fail_bundle(call, draft, "open the writable layer", errno);
  ImageFault fault;
  uint32_t culprit = 0;
  if (!fill_upper(writable.get(), joined, count, culprit, fault)) return call.fail_image(fault, names[culprit]);
  TextOf<4096> bundle;
  real_path(draft.fd.get(), bundle);
  inquiry.join_in(bundle.str());
  return inquiry.ask(cache.list(), cache.count, cache.layers);
}

} // namespace veloci

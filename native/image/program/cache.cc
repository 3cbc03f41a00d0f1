// The cache of layers: where it is, and how the layers of an image come to be in it.
#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>

#include "host/sha256.h"
#include "image/program/call.h"

namespace veloci {

using namespace diagnostic;

namespace {

// The one of the command line, or the usual one.
int cache_path(UnpackCall &call, Text &path) {
  Str given = call.arguments.text(cli::Flag::cache);
  char cwd[4096] = "";
  if (!given.empty() && given.data[0] != '/') {
    if (getcwd(cwd, sizeof cwd) == nullptr) return errno;
    path.add(cwd).add_char('/');
  }
  const char *home = getenv("HOME"), *data = getenv("XDG_DATA_HOME");
  if (!given.empty())
    path.add(given);
  else if (geteuid() == 0)
    path.add("/var/lib/veloci/layers");
  else if (data != nullptr && data[0] == '/')
    path.add(data).add("/veloci/layers");
  else if (home != nullptr && home[0] == '/')
    path.add(home).add("/.local/share/veloci/layers");
  else
    return ENOENT;
  return path.complete() ? 0 : ENAMETOOLONG;
}

} // namespace

void form_of(const ImageAnswer &answer, Text &form) {
  if (geteuid() != 0) {
    form.add("user");
    return;
  }
  if (answer.uids.empty() && answer.gids.empty()) {
    form.add("root");
    return;
  }
  Sha256 hash;
  for (const List<ImageRange> *list : {&answer.uids, &answer.gids}) {
    for (const ImageRange &range : *list) {
      uint32_t numbers[] = {range.inside, range.outside, range.size};
      hash.add(reinterpret_cast<uint8_t *>(numbers), sizeof numbers);
    }
    hash.add(reinterpret_cast<const uint8_t *>("/"), 1);
  }
  char hex[Sha256::hex_size + 1];
  hash.finish(hex);
  form.add("mapped-").add(hex, 16);
}

int open_cache(UnpackCall &call, const ImageAnswer &answer, CachedLayers &cache) {
  TextOf<64> form;
  form_of(answer, form);
  int err = cache_path(call, cache.path);
  if (err == 0) err = cache.store.open(cache.path.c_str(), form.c_str());
  if (err == 0) cache.path.add_char('/').add(form.str());
  return err != 0 || cache.path.complete() ? err : ENAMETOOLONG;
}

int make_cached(UnpackCall &call, const ImageAnswer &answer, CachedLayers &cache) {
  if (int code = make_layers(call, answer, cache.store, false); code != 0) return code;
  for (const ImageLayer &layer : answer.layers) {
    int fd = openat(cache.store.fd(), layer.diff_id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
      return call.fail(
          ImageCache{.path = cache.path.str(), .what = Str::of("open a layer"), .errno_ = ErrnoText(errno)});
    cache.layers[cache.count++] = fd;
    TextOf<4096> path;
    path.add(cache.path.str()).add_char('/').add(layer.diff_id);
    if (!cache.paths.add(path.c_str(), path.size() + 1)) return call.fail_system(what::ask_planner, errno);
  }
  return 0;
}

} // namespace veloci

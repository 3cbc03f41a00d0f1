#include "launcher/bundle.h"
#include <fcntl.h>

namespace veloci {

using namespace diagnostic;

int read_named(Invocation &invocation, int dir, Str path, Buffer &out) {
  switch (int err = read_file(dir, path.c_str(), config_size_max, 0, out)) {
  case 0: return 0;
  case EFBIG:
    return invocation.fail(FileTooBig{.path = path, .size = Str::of("too many"), .limit = NumberText(config_size_max)});
  case EINVAL:
  case EISDIR:
  case ENXIO: return invocation.fail(FileNotRegular{.path = path});
  case EIO: return invocation.fail(FileRead{.path = path, .errno_ = ErrnoText(err)});
  default: return invocation.fail(FileOpen{.path = path, .errno_ = ErrnoText(err)});
  }
}

int read_bundle(Invocation &invocation, Bundle &bundle, Buffer &config) {
  Str given = invocation.arguments.text(cli::Flag::bundle);
  if (given.empty()) given = Str::of(".");
  Fd directory(open(given.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return invocation.fail(BundleMissing{.path = given, .errno_ = ErrnoText(errno)});
  TextOf<64> link;
  link.add("/proc/self/fd/").add_signed(directory.get());
  char path[4096];
  ssize_t size = readlink(link.c_str(), path, sizeof path);
  if (size <= 0 || size == static_cast<ssize_t>(sizeof path) || path[0] != '/') {
    return invocation.fail(BundleMissing{.path = given, .errno_ = ErrnoText(size < 0 ? errno : ENAMETOOLONG)});
  }
  bundle.path.add(path, static_cast<size_t>(size));
  if (!utf8_valid(bundle.path.str())) {
    return invocation.fail(BundleMissing{.path = bundle.path.str(), .errno_ = Str::of("its path is not valid UTF-8")});
  }
  bundle.config_name = invocation.arguments.text(cli::Flag::config);
  if (bundle.config_name.empty()) bundle.config_name = Str::of("config.json");
  // An absolute name does not use the directory.
  return read_named(invocation, directory.get(), bundle.config_name, config);
}

} // namespace veloci

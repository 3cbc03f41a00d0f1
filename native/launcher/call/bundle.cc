#include "launcher/call/bundle.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

// A FIFO is read to its end, when it is what the path names; EINVAL else. ETIMEDOUT when nobody writes for long.
int read_pipe(Str path, Buffer &out, Signals &signals) {
  Fd pipe(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!pipe.valid() || fstat(pipe.get(), &status) != 0) return errno;
  if (!S_ISFIFO(status.st_mode)) return EINVAL;
  if (fcntl(pipe.get(), F_SETFL, 0) != 0) return errno;
  return read_all(pipe.get(), config_size_max, out, &signals, wait_limit);
}

} // namespace

int answer_read(Invocation &invocation, Str name, int err) {
  switch (err) {
  case 0: return 0;
  case EINTR: return invocation.interrupted();
  case ETIMEDOUT: return invocation.fail(FileSilent{.path = name, .seconds = NumberText(wait_limit / 1000)});
  case EFBIG: return invocation.fail(FileTooBig{.path = name, .limit = NumberText(config_size_max)});
  case EINVAL:
  case EISDIR:
  case ENXIO: return invocation.fail(FileNotRegular{.path = name});
  case EIO: return invocation.fail(FileRead{.path = name, .errno_ = ErrnoText(err)});
  default: return invocation.fail(FileOpen{.path = name, .errno_ = ErrnoText(err)});
  }
}

int read_given(Invocation &invocation, Str path, Buffer &out) {
  int err = read_file(AT_FDCWD, path.c_str(), config_size_max, 0, out);
  return answer_read(invocation, path, err == EINVAL ? read_pipe(path, out, invocation.signals) : err);
}

int read_bundle(Invocation &invocation, Bundle &bundle, Buffer &config) {
  return read_bundle(invocation, bundle, config, invocation.arguments.text(cli::Flag::config));
}

int read_bundle(Invocation &invocation, Bundle &bundle, Buffer &config, Str config_name) {
  Str given = invocation.arguments.text(cli::Flag::bundle);
  return read_bundle_in(invocation, given.empty() ? Str::of(".") : given, bundle, config, config_name);
}

int find_bundle(Invocation &invocation, Str given, Bundle &bundle, Fd *opened) {
  Fd directory(openat(AT_FDCWD, given.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return invocation.fail(BundleMissing{.path = given, .errno_ = ErrnoText(errno)});
  TextOf<64> link;
  link.add("/proc/self/fd/").add_signed(directory.get());
  char path[4096];
  ssize_t size = readlink(link.c_str(), path, sizeof path);
  if (size <= 0) return invocation.fail(ProcMissing{.errno_ = ErrnoText(errno)});
  if (size == static_cast<ssize_t>(sizeof path) || path[0] != '/') {
    return invocation.fail(BundleMissing{.path = given, .errno_ = ErrnoText(ENAMETOOLONG)});
  }
  bundle.path.add(path, static_cast<size_t>(size));
  if (!utf8_valid(bundle.path.str())) {
    return invocation.fail(BundleMissing{.path = bundle.path.str(), .errno_ = Str::of("its path is not valid UTF-8")});
  }
  if (opened != nullptr) *opened = static_cast<Fd &&>(directory);
  return 0;
}

int read_bundle_in(Invocation &invocation, Str given, Bundle &bundle, Buffer &config, Str config_name) {
  Fd directory;
  if (int code = find_bundle(invocation, given, bundle, &directory); code != 0) return code;
  bundle.config_name = config_name;
  if (bundle.config_name.empty()) bundle.config_name = Str::of("config.json");
  if (int fd = invocation.arguments.config_fd(); fd >= 0) {
    Fd given(fd);
    return answer_read(invocation, bundle.config_name, read_all(fd, config_size_max, config, &invocation.signals));
  }
  const Buffer *document = invocation.document;
  bool is_input = bundle.config_name == Str::of("-"), is_absolute = bundle.config_name.data[0] == '/';
  if (is_input) bundle.config_name = Str::of("config.json");
  if (document != nullptr && (is_input || is_absolute))
    return answer_read(invocation, config_name, config.add(document->bytes().data, document->size()) ? 0 : errno);
  if (is_input) {
    return answer_read(invocation, Str::of("standard input"),
                       read_all(STDIN_FILENO, config_size_max, config, &invocation.signals));
  }
  // An absolute name does not use the directory.
  TextOf<2 * 4096> name;
  if (!is_absolute) name.add(bundle.path.str()).add_char('/');
  name.add(bundle.config_name);
  return answer_read(invocation, name.str(),
                     read_file(directory.get(), bundle.config_name.c_str(), config_size_max, 0, config));
}

} // namespace veloci

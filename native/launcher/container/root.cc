#include "launcher/container/root.h"
#include "host/facts.h"
#include "executor/log/problem.h"
#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

// XDG_RUNTIME_DIR counts for users, and for root of a user namespace that does not call itself root.
const char *user_runtime_dir() {
  const char *dir = getenv("XDG_RUNTIME_DIR");
  if (dir == nullptr || dir[0] != '/') return nullptr;
  if (geteuid() != 0) return dir;
  const char *user = getenv("USER");
  if (user != nullptr && strcmp(user, "root") == 0) return nullptr;
  return in_user_namespace() ? dir : nullptr;
}

// mkdir(2) for each component that is missing.
int make_directories(const char *path) {
  TextOf<4096> done;
  for (const char *cursor = path; *cursor != 0;) {
    const char *end = strchrnul(cursor + 1, '/');
    done.add(cursor, static_cast<size_t>(end - cursor));
    if (!done.complete()) return ENAMETOOLONG;
    if (done.size() > 1 && mkdir(done.c_str(), 0700) != 0 && errno != EEXIST) return errno;
    cursor = end;
  }
  return 0;
}

} // namespace

const char *id_fault(Str id) {
  if (id.empty()) return "it is empty";
  if (id.size > 255) return "it is longer than 255 bytes";
  // Dots begin the names of what else lies in a state root.
  if (id.data[0] == '-' || id.data[0] == '.') return "it begins with an invalid character";
  for (uint32_t i = 0; i < id.size; i++) {
    char c = id.data[i];
    bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alphanumeric && c != '_' && c != '+' && c != '-' && c != '.') return "it has an invalid character";
  }
  return nullptr;
}

Str root_path(Str given, RootPath &path) {
  path.clear();
  if (given.empty()) {
    const char *user = user_runtime_dir();
    if (user != nullptr)
      path.add(user).add("/veloci");
    else
      path.add("/run/veloci");
  } else {
    if (given.data[0] != '/') {
      char current[4096];
      if (getcwd(current, sizeof current) == nullptr || current[0] != '/') return {};
      path.add(current).add_char('/');
    }
    path.add(given);
  }
  while (path.size() > 1 && path.c_str()[path.size() - 1] == '/') path.truncate(path.size() - 1);
  return path.complete() ? path.str() : Str{};
}

int open_root(Str path, bool create, Fd &root, Log &log) {
  if (path.empty() || path == Str::of("/")) {
    show(log, RootInvalid{.path = path});
    return EINVAL;
  }
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  // musl's open(2) sets FD_CLOEXEC once more.
  int fd = openat(AT_FDCWD, path.c_str(), flags);
  if (fd < 0 && errno == ENOENT) {
    if (!create) return ENOENT;
    if (int err = make_directories(path.c_str()); err != 0) {
      TextOf<16> user;
      if (geteuid() != 0) user.add_number(geteuid());
      show(log, RootCreate{.path = path, .errno_ = ErrnoText(err), .user = user.str()});
      return err;
    }
    fd = open(path.c_str(), flags);
  }
  if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
    show(log, RootNotDirectory{.path = path});
    return ENOTDIR;
  }
  if (fd < 0) {
    int err = errno;
    show(log, RootOpen{.path = path, .errno_ = ErrnoText(err)});
    return err;
  }
  root.reset(fd);
  struct stat info;
  if (fstat(fd, &info) != 0) {
    int err = errno;
    show(log, RootOpen{.path = path, .errno_ = ErrnoText(err)});
    return err;
  }
  if (info.st_uid != geteuid()) {
    show(log, RootOwner{.path = path, .owner = NumberText(info.st_uid), .user = NumberText(geteuid())});
    return EPERM;
  }
  constexpr mode_t writable_by_others = 022;
  if ((info.st_mode & writable_by_others) != 0) {
    TextOf<16> mode;
    mode.add_char('0').add_octal(info.st_mode & 07777);
    show(log, RootWritable{.path = path, .mode = mode.str()});
    return EACCES;
  }
  return 0;
}

} // namespace veloci

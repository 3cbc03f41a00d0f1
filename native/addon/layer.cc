#include "addon/layer.h"
#include "addon/raise.h"
#include "base/sys.h"
#include "base/types.h"
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace veloci {
namespace {

// Descriptors that are open at once; folders below are left out.
constexpr unsigned depth_max = 200;

int number(const Napi::CallbackInfo &info, size_t index) { return info[index].ToNumber().Int32Value(); }

// A path as bytes or as text.
std::string path_of(const Napi::Value &value) {
  if (!value.IsTypedArray()) return value.ToString().Utf8Value();
  Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
  return std::string(reinterpret_cast<const char *>(bytes.Data()), bytes.ByteLength());
}

// Takes on the ids under which files are made, as this thread alone: those of a user namespace that has no others
// mapped.
class FileIds {
public:
  FileIds(uid_t uid, gid_t gid)
      : uid_(syscall(SYS_setfsuid, -1)), gid_(syscall(SYS_setfsgid, -1)), changed_(uid != static_cast<uid_t>(uid_)) {
    if (!changed_) return;
    syscall(SYS_setfsgid, gid);
    syscall(SYS_setfsuid, uid);
  }
  ~FileIds() {
    if (!changed_) return;
    syscall(SYS_setfsuid, uid_);
    syscall(SYS_setfsgid, gid_);
  }
  FileIds(const FileIds &) = delete;
  FileIds &operator=(const FileIds &) = delete;

private:
  long uid_, gid_;
  bool changed_;
};

int open_held(int dir, const char *path, uint64_t flags, uint64_t mode = 0) {
  for (int tries = 0;; tries++) {
    int fd = sys::openat2(dir, path, {flags | O_CLOEXEC, mode, sys::resolve_inside});
    if (fd >= 0 || errno != EAGAIN || tries == 128) return fd;
  }
}

// Opens for reading, also what its owner may not read: that is this user, or his subordinate in the container.
int open_to_read(int dir, const char *path, int flags) {
  int fd = open_held(dir, path, static_cast<uint64_t>(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags));
  if (fd >= 0 || errno != EACCES) return fd;
  Fd known(open_held(dir, path, O_PATH | O_NOFOLLOW));
  struct stat status;
  errno = EACCES;
  if (!known.valid() || fstat(known.get(), &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
    return -1;
  std::string link = "/proc/self/fd/" + std::to_string(known.get());
  if (chmod(link.c_str(), S_ISDIR(status.st_mode) ? 0700 : 0600) != 0) return -1;
  return open_held(dir, path, static_cast<uint64_t>(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags));
}

const char *kind_name(const struct stat &status) {
  switch (status.st_mode & S_IFMT) {
  case S_IFREG: return "file";
  case S_IFDIR: return "directory";
  case S_IFLNK: return "link";
  case S_IFIFO: return "fifo";
  case S_IFSOCK: return "socket";
  // A whiteout: overlayfs marks what was removed by this device.
  case S_IFCHR: return status.st_rdev == makedev(0, 0) ? "removed" : "device";
  default: return "device";
  }
}

// Whether overlayfs shows nothing below this folder but what is in it.
bool is_opaque(int folder) {
  char mark[2];
  return fgetxattr(folder, "user.overlay.opaque", mark, sizeof mark) > 0 ||
         fgetxattr(folder, "trusted.overlay.opaque", mark, sizeof mark) > 0;
}

// Whether a layer without anything at a path hides what those below it have there: by something on the way.
bool is_hidden(int root, const std::string &path) {
  for (size_t end = 0; end != std::string::npos; end = path.find('/', end + 1)) {
    std::string folder = end == 0 ? "." : path.substr(0, end);
    Fd known(open_held(root, folder.c_str(), O_PATH | O_NOFOLLOW));
    struct stat status;
    if (!known.valid() || fstat(known.get(), &status) != 0) return false;
    if (!S_ISDIR(status.st_mode)) return true;
    Fd inner(open_held(root, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (inner.valid() && is_opaque(inner.get())) return true;
  }
  return false;
}

// Lists what is below a folder.
class Walk {
public:
  Walk(Napi::Env env, uint32_t limit) : env_(env), limit_(limit), entries_(Napi::Array::New(env)) {}

  void list(int folder, std::string &path, unsigned depth) {
    // Of the list alone: `folder` is needed further on.
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? nullptr : fdopendir(copy);
    if (stream == nullptr) {
      if (copy >= 0) close(copy);
      complete_ = false;
      return;
    }
    while (const struct dirent *entry = readdir(stream)) {
      std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (entries_.Length() >= limit_) {
        complete_ = false;
        break;
      }
      size_t length = path.size();
      path += (length == 0 ? "" : "/") + name;
      one(folder, name, path, depth);
      path.resize(length);
    }
    closedir(stream);
  }

  Napi::Value result() {
    Napi::Object result = Napi::Object::New(env_);
    result["entries"] = entries_;
    result["complete"] = Napi::Boolean::New(env_, complete_);
    return result;
  }

private:
  void one(int folder, const std::string &name, std::string &path, unsigned depth) {
    struct stat status;
    if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      complete_ = false;
      return;
    }
    Fd inner;
    bool replaces = false;
    if (S_ISDIR(status.st_mode)) {
      inner.reset(open_to_read(folder, name.c_str(), O_DIRECTORY));
      replaces = inner.valid() && is_opaque(inner.get());
    }
    Napi::Array entry = Napi::Array::New(env_, 5);
    entry.Set(0u, Napi::Buffer<char>::Copy(env_, path.data(), path.size()));
    entry.Set(1u, Napi::String::New(env_, kind_name(status)));
    entry.Set(2u, Napi::Number::New(env_, static_cast<double>(status.st_size)));
    entry.Set(3u, Napi::String::New(env_, std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
                                              std::to_string(status.st_mtim.tv_sec) + "." +
                                              std::to_string(status.st_mtim.tv_nsec)));
    entry.Set(4u, Napi::Boolean::New(env_, replaces));
    entries_.Set(entries_.Length(), entry);
    if (!S_ISDIR(status.st_mode)) return;
    if (inner.valid() && depth < depth_max)
      list(inner.get(), path, depth + 1);
    else
      complete_ = false;
  }

  Napi::Env env_;
  uint32_t limit_;
  Napi::Array entries_;
  bool complete_ = true;
};

} // namespace

Napi::Value write_file(const Napi::CallbackInfo &info) {
  std::string path = path_of(info[1]);
  Napi::Uint8Array bytes = info[2].As<Napi::Uint8Array>();
  int root = number(info, 0);
  mode_t mode = static_cast<mode_t>(number(info, 3));
  FileIds ids(info[4].ToNumber().Uint32Value(), info[5].ToNumber().Uint32Value());
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    std::string folder = path.substr(0, slash);
    if (Fd(open_held(root, folder.c_str(), O_PATH | O_DIRECTORY)).valid()) continue;
    size_t before = folder.rfind('/');
    Fd parent(before == std::string::npos ? fcntl(root, F_DUPFD_CLOEXEC, 3)
                                          : open_held(root, folder.substr(0, before).c_str(), O_PATH | O_DIRECTORY));
    std::string name = before == std::string::npos ? folder : folder.substr(before + 1);
    if (!parent.valid() || mkdirat(parent.get(), name.c_str(), 0755) != 0)
      return refuse(info.Env(), path.c_str(), errno);
  }
  Fd file(open_held(root, path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  if (!file.valid()) return refuse(info.Env(), path.c_str(), errno);
  for (size_t done = 0; done < bytes.ByteLength();) {
    ssize_t size = write(file.get(), bytes.Data() + done, bytes.ByteLength() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return refuse(info.Env(), path.c_str(), errno);
    done += static_cast<size_t>(size);
  }
  // Whatever the umask; and older than what the program writes, so that a change shows.
  fchmod(file.get(), mode);
  struct timespec times[2] = {};
  clock_gettime(CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= 1;
  times[1] = times[0];
  if (futimens(file.get(), times) != 0) return refuse(info.Env(), path.c_str(), errno);
  return info.Env().Undefined();
}

Napi::Value read_layer_file(const Napi::CallbackInfo &info) {
  std::string path = path_of(info[1]);
  Fd file(open_to_read(number(info, 0), path.c_str(), 0));
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return info.Env().Undefined();
  if (static_cast<double>(status.st_size) > info[2].ToNumber().DoubleValue())
    return Napi::Number::New(info.Env(), static_cast<double>(status.st_size));
  size_t size = static_cast<size_t>(status.st_size), done = 0;
  Napi::Buffer<uint8_t> bytes = Napi::Buffer<uint8_t>::New(info.Env(), size);
  while (done < size) {
    ssize_t part = read(file.get(), bytes.Data() + done, size - done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return info.Env().Undefined();
    done += static_cast<size_t>(part);
  }
  return bytes;
}

Napi::Value walk_layer(const Napi::CallbackInfo &info) {
  Fd root(open_to_read(number(info, 0), ".", O_DIRECTORY));
  if (!root.valid()) return refuse(info.Env(), "the writable layer", errno);
  Walk walk(info.Env(), info[1].ToNumber().Uint32Value());
  std::string path;
  walk.list(root.get(), path, 0);
  return walk.result();
}

Napi::Value kind_of(const Napi::CallbackInfo &info) {
  std::string path = path_of(info[1]);
  Fd file(open_held(number(info, 0), path.c_str(), O_PATH | O_NOFOLLOW));
  struct stat status;
  bool known = file.valid() && fstat(file.get(), &status) == 0;
  const char *missing = !known && is_hidden(number(info, 0), path) ? "removed" : "";
  return Napi::String::New(info.Env(), known ? kind_name(status) : missing);
}

Napi::Value room_of(const Napi::CallbackInfo &info) {
  struct statfs status = {};
  if (fstatfs(number(info, 0), &status) != 0) return refuse(info.Env(), "the writable layer", errno);
  double block = static_cast<double>(status.f_bsize);
  Napi::Array room = Napi::Array::New(info.Env(), 4);
  const double values[] = {static_cast<double>(status.f_blocks) * block, static_cast<double>(status.f_bavail) * block,
                           static_cast<double>(status.f_files), static_cast<double>(status.f_ffree)};
  for (uint32_t i = 0; i < 4; i++) room.Set(i, Napi::Number::New(info.Env(), values[i]));
  return room;
}

} // namespace veloci

#include <fcntl.h>
#include <sys/stat.h>

#include "init/init.h"
#include "init/program/image_file.h"

namespace veloci {
namespace {

constexpr off_t passwd_max = 10 << 20;
constexpr uint32_t places_after = 2; // HOME and LISTEN_PID

// Looks for the home directory of a uid in the bytes of a passwd file, as they come.
class HomeFinder {
public:
  HomeFinder(uint32_t uid, Text &home) : uid_(uid), home_(home) {}

  // true = found: `home` has it.
  bool feed(const char *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
      if (take(data[i])) return true;
    }
    return false;
  }
  // The last line may lack its end.
  bool finish() { return take('\n'); }

private:
  bool take(char c) {
    if (c == '\n') {
      bool complete = matches() && field_ >= 5 && home_.complete() && home_.size() > 0 && home_.data()[0] == '/';
      if (complete) return true;
      field_ = 0;
      digits_ = 0;
      number_ = 0;
      bad_ = false;
      home_.clear();
      return false;
    }
    if (c == ':')
      field_++;
    else if (field_ == 2)
      digit(c);
    else if (field_ == 5)
      home_.add_char(c);
    return false;
  }
  void digit(char c) {
    if (c < '0' || c > '9' || digits_ >= 10)
      bad_ = true;
    else
      number_ = number_ * 10 + static_cast<uint64_t>(c - '0');
    digits_++;
  }
  bool matches() const { return !bad_ && digits_ > 0 && number_ == uid_; }

  uint32_t uid_;
  Text &home_;
  unsigned field_ = 0, digits_ = 0;
  uint64_t number_ = 0;
  bool bad_ = false;
};

// The container's file may be anything: only a regular one of a sane size is read.
bool find_home(int root, uint32_t uid, Text &home) {
  constexpr char path[] = "/etc/passwd";
  Fd place(open_in_root(root, path, O_PATH));
  struct stat opened, status;
  // Already the open of a device can do something.
  if (!place.valid() || !is_image_file(place.get(), opened) || opened.st_size > passwd_max) return false;
  Fd file(open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file.valid() || fstat(file.get(), &status) < 0) return false;
  if (status.st_ino != opened.st_ino || status.st_dev != opened.st_dev) return false;
  HomeFinder finder(uid, home);
  char bytes[1024];
  for (off_t total = 0; total <= passwd_max;) {
    ssize_t size = ::read(file.get(), bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    if (size == 0) return finder.finish();
    if (finder.feed(bytes, static_cast<size_t>(size))) return true;
    total += size;
  }
  return false;
}

} // namespace

Outcome Init::on(const ProcessEnv &op) {
  // An empty HOME counts as none.
  if (!env_.fill(op.env, places_after, op.home ? "HOME=" : nullptr)) return Outcome::failed(step::process_env::memory);
  if (!op.home) return Outcome::success();
  TextOf<path_max - 8> directory;
  home_.clear();
  home_.add("HOME=");
  if (find_home(root(), op.uid, directory))
    home_.add(directory.str());
  else
    home_.add_char('/');
  env_.add(home_.c_str());
  return Outcome::success();
}

} // namespace veloci

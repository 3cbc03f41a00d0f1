#include "executor/cgroup/cgroup_tree.h"
#include "cgroup/cgroupfs.h"
#include "base/directory.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

namespace veloci {

namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY;

bool is_missing(int err) { return err == ENOENT || err == ENODEV; }

} // namespace

bool CgroupPlace::enter(int from, const char *name) {
  Fd opened(open_below_cgroup(from, name, directory_flags));
  if (!opened.valid() || fstat(opened.get(), &info_) != 0) return false;
  directory_ = static_cast<Fd &&>(opened);
  return true;
}

bool CgroupPlace::down(const char *name) {
  const uint64_t inode = info_.st_ino;
  if (!above_.add(&inode, sizeof inode)) return false;
  if (!enter(directory_.get(), name)) {
    above_.set_size(above_.size() - sizeof inode);
    return false;
  }
  depth_++;
  return true;
}

bool CgroupPlace::up() {
  // Out of the directory on purpose: the inode shows that it is the one we came from, which no cgroup ever leaves.
  Fd opened(openat(directory_.get(), "..", directory_flags | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid() || fstat(opened.get(), &info_) != 0) return false;
  uint64_t inode;
  above_.set_size(above_.size() - sizeof inode);
  memcpy(&inode, above_.data() + above_.size(), sizeof inode);
  if (info_.st_ino != inode) {
    errno = ESTALE;
    return false;
  }
  directory_ = static_cast<Fd &&>(opened);
  depth_--;
  return true;
}

bool CgroupPlace::has_children() const { return info_.st_nlink > cgroup_links; }

bool CgroupWalk::list_children() {
  if (!place_.has_children()) return true;
  bool kept = true;
  int err = for_each_dirent(place_.directory(), [&](const DirectoryEntry &entry) {
    if (entry.type != DT_DIR || !kept) return;
    const Waiting last{place_.depth(), static_cast<uint32_t>(strlen(entry.name) + 1)};
    kept = waiting_.add(entry.name, last.size) && waiting_.add(&last, sizeof last);
  });
  if (kept && err != 0 && !is_missing(err)) errno = err;
  return kept && (err == 0 || is_missing(err));
}

// To the next of those that wait. False and errno on failure: ENOENT when it is gone.
bool CgroupWalk::enter_last() {
  Waiting last;
  waiting_.set_size(waiting_.size() - sizeof last);
  memcpy(&last, waiting_.data() + waiting_.size(), sizeof last);
  while (place_.depth() > last.depth) {
    if (!place_.up()) return false;
  }
  waiting_.set_size(waiting_.size() - last.size);
  return place_.down(reinterpret_cast<const char *>(waiting_.data()) + waiting_.size());
}

int CgroupWalk::next() {
  auto fail = [&] {
    error_ = errno;
    return -1;
  };
  if (place_.directory() < 0) {
    if (place_.begin(top_)) return place_.directory();
    return is_missing(errno) ? -1 : fail();
  }
  if (!list_children()) return fail();
  while (waiting_.size() > 0) {
    if (enter_last()) return place_.directory();
    if (!is_missing(errno)) return fail();
  }
  return -1;
}

bool is_threaded(int cgroup) {
  TextOf<32> type;
  Fd file(open_below_cgroup(cgroup, "cgroup.type", O_RDONLY));
  return file.valid() && read_small(file.get(), type) && type.str() == Str::of("threaded\n");
}

// The process of a thread; -1 when it is gone.
static int process_of(int thread) {
  constexpr char key[] = "\nTgid:";
  char status[1024];
  TextOf<32> path;
  Fd file(open(path.add("/proc/").add_signed(thread).add("/status").c_str(), O_RDONLY | O_CLOEXEC));
  // Its end may be cut off.
  ssize_t size = file.valid() ? ::read(file.get(), status, sizeof status - 1) : -1;
  if (size < 0) return -1;
  status[size] = 0;
  const char *cursor = strstr(status, key);
  return cursor == nullptr ? -1 : atoi(cursor + sizeof key - 1);
}

ProcessList::ProcessList(int cgroup, bool threaded)
    : file_(open_below_cgroup(cgroup, threaded ? "cgroup.threads" : "cgroup.procs", O_RDONLY)), threaded_(threaded) {
  if (!file_.valid() && !is_missing(errno)) error_ = errno;
}

int ProcessList::next() {
  for (;;) {
    int number = next_number();
    if (!threaded_ || number <= 0) return number;
    int process = process_of(number);
    if (process > 0 && process != last_) return last_ = process;
  }
}

int ProcessList::next_number() {
  int pid = 0;
  for (bool digits = false;;) {
    if (position_ == end_) {
      ssize_t count;
      do count = file_.valid() ? ::read(file_.get(), text_, sizeof text_) : 0;
      while (count < 0 && errno == EINTR);
      if (count < 0 && errno != EOPNOTSUPP && !is_missing(errno)) error_ = errno;
      if (count <= 0) return -1;
      position_ = 0;
      end_ = static_cast<size_t>(count);
    }
    char digit = text_[position_++];
    if (digit == '\n' && digits) return pid;
    if (digit < '0' || digit > '9') continue;
    pid = pid * 10 + (digit - '0');
    digits = true;
  }
}

int remove_below(int cgroup, const Deadline &deadline) {
  CgroupPlace place;
  if (!place.begin(cgroup)) return is_missing(errno) ? 0 : errno;
  while (!deadline.over()) {
    char deeper[256] = "";
    int failed = 0;
    int err = for_each_dirent(place.directory(), [&](const DirectoryEntry &entry) {
      if (entry.type != DT_DIR || deeper[0] != 0 || failed != 0) return;
      if (unlinkat(place.directory(), entry.name, AT_REMOVEDIR) == 0 || is_missing(errno)) return;
      if (errno == EBUSY || errno == ENOTEMPTY)
        strcpy(deeper, entry.name);
      else
        failed = errno;
    });
    if (failed != 0) return failed;
    if (err != 0 && !is_missing(err)) return err;
    if (deeper[0] != 0) {
      bool inside = place.down(deeper);
      if (!inside && !is_missing(errno)) return errno;
      // Nothing is below it: processes keep it.
      if (inside && !place.has_children()) return EBUSY;
      if (!inside) lseek(place.directory(), 0, SEEK_SET);
    } else {
      if (place.depth() == 0) return 0;
      // Where it can be removed now.
      if (!place.up()) return errno;
    }
  }
  return ETIMEDOUT;
}

} // namespace veloci

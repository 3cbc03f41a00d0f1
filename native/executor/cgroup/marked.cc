#include "executor/cgroup/marked.h"
#include "base/io.h"
#include "base/mountinfo.h"
#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"
#include "base/directory.h"
#include "file/files.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

namespace veloci {
namespace {

// Deeper than any cgroup is made for a container; what lies below is made by processes, and has no mark.
constexpr unsigned depth_max = 64;
constexpr size_t mountinfo_max = 16 << 20;

class Search {
public:
  Search(uint64_t mark, Record &record) : mark_(mark), record_(record) {}

  // A hierarchy may be mounted more than once: the first mount stands for it.
  void hierarchy(Slice point) {
    mount_.clear();
    mount_.add(unescape_mount(point).str());
    Fd root(open_cgroup_root(mount_.c_str(), nullptr));
    struct stat info;
    if (!mount_.complete() || !root.valid() || fstat(root.get(), &info) != 0 || count_ == record_cgroups_max) return;
    for (unsigned i = 0; i < count_; i++) {
      if (seen_[i] == info.st_dev) return;
    }
    seen_[count_++] = info.st_dev;
    below(root.get(), 0);
  }

private:
  void below(int cgroup, unsigned depth) {
    Fd listing(open_below_cgroup(cgroup, "", O_RDONLY | O_DIRECTORY));
    if (!listing.valid() || depth == depth_max) return;
    for_each_entry(listing.get(), [&](const char *name) {
      struct stat info;
      if (fstatat(listing.get(), name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode)) return;
      size_t length = path_.size();
      if (length > 0) path_.add_char('/');
      path_.add(name);
      Fd child(open_below_cgroup(listing.get(), name, O_RDONLY | O_DIRECTORY));
      if (child.valid() && path_.complete()) visit(child.get(), depth + 1);
      path_.truncate(length);
    });
  }

  void visit(int cgroup, unsigned depth) {
    struct stat info;
    if (state_mark_of(cgroup) != mark_) return below(cgroup, depth);
    if (fstat(cgroup, &info) != 0 || !record_add_cgroup(record_, mount_.str(), path_.str())) return;
    bool preexisting = !has_created_mark(cgroup);
    // What was there before, a unit of systemd's too, is this container's for as long as the mark names it.
    uint64_t container;
    if (preexisting && used_mark_of(cgroup, container)) record_.created = container;
    record_identify_cgroup(record_, mount_.str(), path_.str(), info.st_ino, preexisting);
  }

  uint64_t mark_;
  Record &record_;
  TextOf<PATH_MAX> mount_, path_;
  dev_t seen_[record_cgroups_max];
  unsigned count_ = 0;
};

} // namespace

void add_marked_cgroups(uint64_t mark, Record &record) {
  Buffer mounts;
  if (mark == 0 || read_file(AT_FDCWD, "/proc/self/mountinfo", mountinfo_max, 0, mounts) != 0) return;
  Search search(mark, record);
  for (Slice lines{mounts.str().data, mounts.str().data + mounts.size()}; !lines.empty();) {
    Mount mount = parse_mount(lines.cut('\n'));
    if (mount.type.equals("cgroup") || mount.type.equals("cgroup2")) search.hierarchy(mount.point);
  }
}

} // namespace veloci

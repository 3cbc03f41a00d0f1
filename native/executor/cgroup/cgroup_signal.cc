#include "executor/cgroup/cgroup_signal.h"
#include "base/sys.h"
#include "executor/cgroup/cgroup_tree.h"

namespace veloci {

namespace {

// Between the reading of a list and the pidfd the number may have gone to a stranger: whoever is still listed after the
// pidfd is ours. The list is read again once for many processes, not once for each, or 14,000 of them would take
// seconds.
class Batch {
public:
  explicit Batch(int signal) : signal_(signal) {}

  // All that is added from now on is listed in this cgroup.
  void begin(int cgroup, bool threaded) {
    cgroup_ = cgroup;
    threaded_ = threaded;
  }

  void add(int pid) {
    if (size_ == most) send();
    Fd pidfd(sys::pidfd_open(pid, 0));
    if (!pidfd.valid() && errno == EMFILE && size_ > 0) {
      send();
      pidfd.reset(sys::pidfd_open(pid, 0));
    }
    if (!pidfd.valid() || find(pid) != nullptr) return;
    Member &member = members_[size_++];
    member.pid = pid;
    member.pidfd = static_cast<Fd &&>(pidfd);
    uint32_t offset = first(pid);
    while (places_[offset] != 0) offset = (offset + 1) % places;
    places_[offset] = static_cast<uint16_t>(size_);
  }

  void send() {
    if (size_ == 0) return;
    ProcessList again(cgroup_, threaded_);
    for (int pid = again.next(); pid >= 0; pid = again.next()) {
      Member *member = find(pid);
      if (member == nullptr || !member->pidfd.valid()) continue;
      sys::pidfd_send_signal(member->pidfd.get(), signal_);
      member->pidfd.reset();
    }
    for (uint32_t i = 0; i < size_; i++) members_[i].pidfd.reset();
    memset(places_, 0, sizeof places_);
    size_ = 0;
  }

private:
  struct Member {
    int pid = 0;
    Fd pidfd;
  };
  // The usual limit of descriptors is 1024.
  static constexpr uint32_t most = 512, places = 2 * most;

  static uint32_t first(int pid) { return static_cast<uint32_t>(pid) % places; }
  Member *find(int pid) {
    for (uint32_t offset = first(pid); places_[offset] != 0; offset = (offset + 1) % places) {
      if (members_[places_[offset] - 1].pid == pid) return &members_[places_[offset] - 1];
    }
    return nullptr;
  }

  int cgroup_ = -1;
  bool threaded_ = false;
  int signal_;
  uint32_t size_ = 0;
  Member members_[most];
  // Where a pid is among the members, from 1.
  uint16_t places_[places] = {};
};

} // namespace

int signal_processes(int cgroup, int signal, uint32_t &count) {
  count = 0;
  const int own = getpid();
  Batch batch(signal);
  CgroupWalk walk(cgroup);
  const bool threaded = is_threaded(cgroup);
  for (int offset = walk.next(); offset >= 0; offset = walk.next()) {
    batch.begin(offset, threaded);
    ProcessList list(offset, threaded);
    for (int pid = list.next(); pid >= 0; pid = list.next()) {
      if (pid == own) continue;
      count++;
      if (pid > 1) batch.add(pid);
    }
    batch.send();
    if (list.error() != 0) return list.error();
  }
  return walk.error();
}

} // namespace veloci

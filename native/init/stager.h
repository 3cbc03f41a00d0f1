// Operations of the stager: joins and makes namespaces, then clones init.
#pragma once
#include "base/path.h"
#include "init/shared.h"

namespace veloci {

class Stager : public Common {
public:
  using Common::Common;
  using Common::on;

  Outcome on(const CgroupJoin &op);
  Outcome on(const CgroupFollow &op);
  Outcome on(const OomScore &op);
  Outcome on(const CpuAffinity &op);
  // Comes back only in init.
  Outcome on(const ProcessClone &op);

private:
  bool follow(const CgroupFollow &op, const CgroupMount &mount, Str path, int &step);
  void leave_frozen(Str mount, FreezerVersion version);
  bool enter(const CgroupMount &mount, Str path, Str sub, int &step);

  // The v1 cgroups that init moves to itself: with the stager, dead or alive, it would take up two of their processes.
  Fd joined_[record_cgroups_max];
  unsigned joined_count_ = 0;
  // The v2 cgroup that init is to be cloned into, and its path.
  Fd followed_;
  TextOf<path_max> followed_path_;

  bool join_followed(const List<int32_t> &stay_on);
  // A cgroup could not be joined.
  Outcome refused();
};

} // namespace veloci

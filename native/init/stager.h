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
  Outcome on(const NamespaceJoin &op);
  Outcome on(const NamespaceEnter &op);
  Outcome on(const TimeOffsets &op);
  Outcome on(const OomScore &op);
  Outcome on(const IdsRoot &op);
  Outcome on(const CpuAffinity &op);
  // Comes back only in init.
  Outcome on(const ProcessClone &op);

private:
  bool follow(const CgroupFollow &op, const CgroupMount &mount, Str path, int &step);
  void leave_frozen(Str mount);
  bool enter(const CgroupMount &mount, Str path, Str sub, int &step);
  // Before a namespace is entered from where the cgroup that process.clone would use cannot be reached.
  bool join_before(uint64_t types);

  // The v2 cgroup that init is to be cloned into, and its path.
  Fd followed_;
  TextOf<path_max> followed_path_;
  bool strict_ = false;
};

} // namespace veloci

// Operations of the stager: joins and makes namespaces, then clones init.
#pragma once
#include "init/shared.h"

namespace veloci {

class Stager : public Common {
public:
  using Common::Common;
  using Common::on;

  // What it opens has come already: process.clone goes there.
  Outcome on(const CgroupFollow &) {
    follows_ = true;
    return Outcome::success();
  }
  Outcome on(const OomScore &op);
  Outcome on(const CpuAffinity &op);
  // Comes back only in init.
  Outcome on(const ProcessClone &op);

private:
  // Init moves itself into cgroups of v1 that an exec follows: with the stager, dead or alive, it would take up two of
  // their processes.
  bool join_followed(const List<int32_t> &stay_on);
  bool follows_ = false;
};

} // namespace veloci

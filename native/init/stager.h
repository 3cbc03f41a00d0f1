// Operations of the stager: joins and makes namespaces, then clones init.
#pragma once
#include "init/shared.h"

namespace veloci {

class Stager : public Common {
public:
  using Common::Common;
  using Common::on;

  Outcome on(const CgroupJoin &op);
  Outcome on(const NamespaceJoin &op);
  Outcome on(const NamespaceEnter &op);
  Outcome on(const TimeOffsets &op);
  Outcome on(const OomScore &op);
  Outcome on(const IdsRoot &op);
  // Comes back only in init.
  Outcome on(const ProcessClone &op);
};

} // namespace veloci

// Plans of create and run that are remembered by the shape of their starts (docs/decisions/0008-plans-by-shape.md).
#pragma once
#include "launcher/cache/plan_store.h"
#include "launcher/door/request.h"

namespace veloci {

class PlanCache {
public:
  // Whether this start may use it. The state root is open.
  bool begin(const Invocation &invocation, EngineVerb verb);
  // Takes the configuration. True when there may be a plan for it: then it is worth to wait with a planner.
  bool take_config(const Invocation &invocation, Str bundle, const Buffer &config);
  // Takes the request that was built, and looks for its plan, which becomes the answer. False when there is none.
  bool recall(const Invocation &invocation, const Request &request, Response &response);
  // Asks the engine, which is at work on the request, for the plan of the same start under other names, too. False when
  // this start cannot be remembered.
  bool ask(Engine &engine, const Request &request);
  bool enabled() const { return enabled_; }
  // Whether the answer of this start is to be remembered.
  bool wants() const { return asked_; }
  // VELOCI_PLAN_CACHE=verify: whether every plan that is recalled is compared with one of the engine.
  bool verifies() const { return verifies_; }
  // Compares the plan that was recalled with that of the engine. 0 or the exit code, with the error shown.
  int verify(Invocation &invocation, const Request &request, const Response &recalled);
  // Keeps the answer, when the other one is there in time and differs in names alone. The container has started.
  void keep(Invocation &invocation, Engine &engine, const Response &response);

private:
  bool add_request(Str rest);

  EngineVerb verb_ = EngineVerb::create;
  bool enabled_ = false, verifies_ = false, asked_ = false, carries_ = false;
  PlanStore store_;
  Shape shape_;
  Buffer rest_;            // the request without what no plan depends on
  size_t rest_offset_ = 0; // of it in the texts of the shape
  size_t config_offset_ = 0;
  uint64_t config_digest_ = 0, request_digest_ = 0;
  Str cuts_[2]; // what was left out of the request
  PlanEntry entry_;
  Buffer names_memory_;
  Bytes names_[Shape::names_max];
};

} // namespace veloci

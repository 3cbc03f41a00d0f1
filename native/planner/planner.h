// The planner: a confined child that runs the engine on one request. See docs/decisions/0002-planner.md.
#pragma once
#include <sys/types.h>

#include "base/types.h"
#include "generated/protocol_values.gen.h"

namespace veloci {

// Processor time that it may use. 15 MiB of configuration take 1 s on a machine of today, an emulated one ten times
// that.
constexpr unsigned planner_cpu_seconds = 10;

// What planner_ask sends.
struct PlannerRequest {
  Str json;      // a Request of src/engine/protocol.ts
  Bytes config;  // bytes of config.json; data == nullptr: none
  Bytes process; // bytes of process.json; data == nullptr: none
  Bytes live;    // an Observation of schema/protocol; empty: none
  // Whether another request is sent to the same planner.
  bool followed = false;
};

enum class PlannerFault {
  none,
  protocol,      // the socket failed, or the answer is malformed; `err` is an errno
  crashed,       // the child died; `signal` says of what
  timed_out,     // no answer within the time limit
  out_of_memory, // the engine needed more memory than it may use
  too_large,     // the answer is larger than 16 MiB
  engine,        // the engine threw; `response` is the text of the exception
  request,       // the request is no JSON: one that was kept and is damaged
};

struct PlannerAnswer {
  PlannerFault fault = PlannerFault::protocol;
  int err = 0;
  int signal = 0;
  Bytes response; // an encoded Response; lives as long as the Planner
};

// A started planner. The launcher owns it; its destructor ends the child.
class Planner {
public:
  Planner() = default;
  Planner(const Planner &) = delete;
  Planner &operator=(const Planner &) = delete;
  ~Planner();

  // Forks the planner, which prepares an engine while the launcher goes on. The caller must be single-threaded.
  // Returns 0 or an errno.
  int start(EngineName name);
  // Kills the child if it still runs and waits for it.
  void stop();

private:
  friend void planner_send(Planner &planner, const PlannerRequest &request);
  friend PlannerAnswer planner_await(Planner &planner);
  friend PlannerAnswer planner_await_next(Planner &planner, int milliseconds);
  // Ends and reaps a planner that gave no answer because of `err`, and says why.
  PlannerAnswer reap(int err);

  Fd socket_;
  pid_t pid_ = -1;
  int64_t deadline_ms_ = 0; // of CLOCK_MONOTONIC
  int send_error_ = 0;
  void *answer_ = nullptr; // mapping of the answer
  void *next_ = nullptr;   // that of the second one
  // Bytes behind the first answer that came along with it.
  Bytes early_;
};

// Sends one request without waiting for the answer, so that the launcher works while the engine does. A failure is
// reported by planner_await.
void planner_send(Planner &planner, const PlannerRequest &request);

// Awaits the answer of the request that was sent. For a request of its own ask a fresh planner.
PlannerAnswer planner_await(Planner &planner);

// Awaits the answer of the request that has followed, for as long as that; both answers live as long as the planner.
PlannerAnswer planner_await_next(Planner &planner, int milliseconds);

// Both at once.
inline PlannerAnswer planner_ask(Planner &planner, const PlannerRequest &request) {
  planner_send(planner, request);
  return planner_await(planner);
}

} // namespace veloci

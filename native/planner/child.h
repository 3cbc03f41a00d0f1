// The planner's own side, and the messages between it and the launcher.
#pragma once
#include <sys/types.h>

#include "base/types.h"
#include "planner/engine.h"
#include "planner/planner.h"

namespace veloci {

constexpr uint32_t max_answer = 16 << 20;
// The engine's arena, the request, and the program itself.
#ifdef __SANITIZE_ADDRESS__
// ASan reserves more for itself than any limit would leave.
constexpr size_t planner_address_space = SIZE_MAX;
#else
constexpr size_t planner_address_space = size_t{320} << 20;
#endif

// Before the request: its JSON text, config, process and live follow.
struct RequestHeader {
  uint32_t json;
  uint32_t config;
  uint32_t process;
  uint32_t live;
  uint16_t has_config;
  uint16_t has_process;
  uint32_t followed; // whether another request comes behind it
};

// Before the answer's bytes.
struct AnswerHeader {
  uint32_t status; // an EngineStatus
  uint32_t size;
};

// Confines itself, prepares an engine, answers a request from the socket and those that follow it, and exits. The exit
// status is the errno of a failure that left no answer.
[[noreturn]] void planner_main(int fd, pid_t launcher, EngineName name);

} // namespace veloci

// All that the operations of the host side work on: one container, one run of the command.
#pragma once
#include "base/types.h"
#include "cgroup/oom_witness.h"
#include "wait/interrupt.h"
#include "executor/log/log.h"
#include "wait/deadline.h"
#include "executor/undo.h"
#include "plan/fill.h"
#include "channel/detail.h"
#include "channel/message.h"
#include "plan/plan_file.h"
#include "record/record.h"

namespace veloci {

// Why a program of the plan failed; what the engine needs to say it in words.
struct PlanFailure {
  ProgramName program{};
  uint32_t index = 0;
  int step = 0;
  int err = 0;
  // What more is known.
  Detail detail;
  // How execve failed, when it was that.
  FailureKind kind = FailureKind::operation;
  // A process of the container was killed for want of memory.
  bool out_of_memory = false;
  // Somebody has killed the process that joins a container, or keeps stager or init from going on.
  enum class Interference : uint8_t { none, killed, halted } interference = Interference::none;
  // The other side has reported it: no operation of ours is to blame.
  bool reported = false;
};

// A child that must be waited for.
struct Child {
  pid_t pid = -1;
  Fd pidfd;
};

// CRIU at work (criu.start, criu.await).
struct CriuJob {
  Child process;
  Fd socket;
  // A dump: what CRIU writes to stdout and stderr.
  Fd words;
  // Folders of the images and of the log.
  Fd images;
  Fd work;
  Str log;
  CriuRequest request{};
  // It waits for the answer to a notification.
  bool waiting = false;
  bool answered = false;
};

// The directory above a cgroup.
struct CgroupParent {
  Fd directory;
  // Of a hierarchy of v1.
  bool v1 = false;
};

// A cgroup that cgroup.create has made or found. It stays open, and locked for all who want the same one, until the
// container is there: what is done to it does not depend on its path.
struct HeldCgroup {
  RecordCgroup cgroup;
  Fd directory;
  // What it is removed by in the end, where this process stays until then.
  CgroupParent parent;
};

// As many as a record has room for, and those below the container's own.
constexpr unsigned held_cgroups_max = 2 * record_cgroups_max;

// What state.keep writes for later commands.
struct Kept {
  Bytes config;
  Bytes request;
  // Empty where this process stays until the end and deletes the container by the plan that it has: a command that
  // comes in between compiles it from the others, as after an upgrade.
  Bytes plan;
};

class Context {
public:
  Str id;
  // State root (O_PATH), and ROOT/ID (opened for reading, so that it can be locked).
  int root = -1;
  Fd state;
  // The container's record, mapped MAP_SHARED.
  Record *record = nullptr;
  Fd record_file;
  // Names the state directory in the marks of cgroups (cgroup/own_cgroup.h).
  uint64_t mark = 0;
  // Where the process that is being started reports: the record itself, or a memfd of the same form (exec, and an init
  // that is apart).
  Record *report = nullptr;
  Fd report_file;
  // Init holds nothing of the host, since others see it: process.spawn.
  bool apart = false;
  // Whether that process joins a container that is there.
  bool joins() const { return record != report && !apart; }
  Fd fifo;
  // run: our end of a pair of sockets that stands for exec.fifo, since nobody else starts this container.
  Fd release;
  // create of an init that is apart: exec.fifo, at which start.relay waits for it, and an end of the pipe that init has
  // instead.
  Fd relayed;
  Fd gate;
  Kept kept;

  // The plan that runs now.
  Bytes plan_bytes;
  PlanFile plan;

  // Stager and init while they are children of this process; socket to them.
  Child stager;
  Child init;
  // Init is the process that process.enter has made.
  bool entered = false;
  CriuJob criu;
  HeldCgroup cgroups[held_cgroups_max];
  // This process stays until the container ends and removes it (run): the parents of its cgroups stay open.
  bool removes_container = false;
  unsigned cgroup_count = 0;
  Fd socket;
  Fd slots[Slot::count];
  // exec: the cgroup that was followed last.
  TextOf<4096> followed_path;
  // --preserve-fds and LISTEN_FDS: descriptors 3 to 2+preserve are handed on.
  uint32_t preserve = 0;

  // Of a container of systemd's: watches from the moment that its cgroup is there.
  OomWitness witness;

  // --learn: the socket of the process that notes system calls (seccomp/learner.h), which is the launcher's.
  int learner = -1;

  UndoStack undo;
  PlanFailure failure;
  Log *log = nullptr;
  // For waiting: SIGTERM and the like interrupt it. May be null.
  Signals *signals = nullptr;

  // delete: the processes are waited for until then, whoever does it.
  const Deadline *ending = nullptr;
  // For process.signal.
  int signal = 0;
  bool signal_all = false;
  bool ended = false; // init is gone
  // Master of the container's terminal that console.keep has left here.
  Fd console;
  // It goes on to a socket, whose receiver decides about its size and modes.
  bool console_goes_on = false;
  // A child of ours that was killed hangs in the kernel: it is still there.
  bool process_remains = false;
  // Undo could not remove a cgroup: the state directory stays, so that delete --force finds it by the record.
  bool cgroup_remains = false;
  // For the hole exitCode.
  int exit_code = 0;
};

// Runs a program of the context's plan, operation after operation; a plan without it does nothing.
// false = it failed: `context.failure` says where. Nothing is undone yet.
bool run_program(Context &context, ProgramName name);

// Whether the operation that failed was a hook.
bool failed_in_hook(const Context &context);

// Runs the operations of one kind (code::) of a program, with their alternatives, and nothing else of it; goes on after
// failures.
void run_kind(Context &context, ProgramName name, uint16_t kind);

// What the holes of a template stand for.
HoleValues hole_values(const Context &context);

} // namespace veloci

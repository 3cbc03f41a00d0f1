// What stager and init have in common: the way to the executor, the record, the numbered descriptors.
#pragma once
#include "base/io.h"
#include "generated/plan.gen.h"
#include "channel/message.h"
#include "record/record.h"

namespace veloci {

// Descriptors that the executor has prepared.
constexpr int socket_fd = 3;
constexpr int first_preserved_fd = 6;
constexpr uint32_t preserved_max = 1024;

// State of this process; init inherits the stager's.
struct Shared {
  Fd socket;
  Fd fifo;
  uint32_t preserved = 0;
  // Preserved descriptors that the caller had not opened.
  void mark_gap(uint32_t index) { gaps[index / 8] = static_cast<uint8_t>(gaps[index / 8] | 1 << index % 8); }
  bool is_gap(int index) const { return (gaps[index / 8] >> index % 8 & 1) != 0; }
  uint8_t gaps[preserved_max / 8] = {};
  // What the next cgroups are entered by (MessageType::members). With the descriptors the host's part has seen to what
  // they are; of v1 they are files, from which nothing else can be reached.
  Fd members[record_cgroups_max];
  MemberErrors member_errors;
  uint32_t member_count = 0, next_member = 0;
  // The one of them that is a directory of v2; none: not below member_count.
  uint32_t unified = UINT32_MAX;
  Record *record = nullptr;
  // The whole plan, from the start of a page.
  Bytes plan;
  Fd slots[Slot::count];
  // How many processes came before this one: the stager is 0, init 1, what process.enter makes 2.
  uint32_t generation = 0;
  // The clock of the host's time namespace, for the difference to ours.
  int64_t host_clock_offset = 0;
  int64_t clock_skew = 0;
  // More about the failure of the operation that runs.
  Detail detail;
};

// Opens a file of /proc/self for writing. -1 and errno on failure.
int open_own_file(const char *path);

// Handlers of the operations that both run.
class Common {
public:
  explicit Common(Shared &shared) : shared_(shared) {}

  Outcome on(const CgroupJoin &op);
  Outcome on(const SyncSignal &op);
  Outcome on(const SyncAwait &op);
  Outcome on(const FdSend &op);
  Outcome on(const FdReceive &op);
  Outcome on(const NamespaceJoin &op);
  Outcome on(const NamespaceUnshare &op);
  Outcome on(const TimeOffsets &op);
  Outcome on(const IdsRoot &op);
  Outcome on(const RlimitSet &op);

  // Reports it to the executor, and in the record.
  void report(ProgramName program, uint32_t index, FailureKind kind, Outcome outcome);

protected:
  // A failure with words: errno as it is now.
  Outcome fail(int step, Str what) { return fail(step, errno, what); }
  Outcome fail(int step, int err, Str what) {
    shared_.detail.words().add(what);
    return Outcome::failed(step, err);
  }
  Outcome fail(int step, int err, const char *what) { return fail(step, err, Str::of(what)); }
  bool send(const MessageHeader &header, Bytes detail = {}, int fd = -1);
  // After a clone that goes on in the child: there, true. The parent reports the child's pid and ends, or returns false
  // when it could not.
  bool goes_on(pid_t child, int pidfd);
  // Waits for this message; descriptors that come before it are put into their slots. False and errno on failure; ends
  // the process when the executor is gone.
  bool receive(MessageType type, uint8_t point);
  // Closes what has been received for cgroups.
  void close_members();

  Shared &shared_;
};

} // namespace veloci

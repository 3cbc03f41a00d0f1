// The record of a container: the file ROOT/ID/record, mapped shared by the executor, the stager and init (exec maps a
// memfd of the same form). Init reports in it by plain stores, which no seccomp filter can forbid. Containers and their
// inits outlive the command that made them: the head is the same in every version (docs/upgrading.md), the rest is
// known by the form.
#pragma once
#include "base/types.h"

namespace veloci {

constexpr char record_magic[8] = {'V', 'L', 'C', 'I', 'R', 'E', 'C', '1'};

enum class Stage : uint32_t {
  creating = 0,
  created = 1,   // init waits for start
  released = 2,  // start has released it
  starting = 3,  // startContainer hooks
  executing = 4, // the last store before execve
  failed = 5,    // `failure` says why
};

// Why a start failed, for the steps of process.start. Stored before the stage becomes `failed`.
enum class FailureKind : uint32_t {
  operation = 0, // any operation: `program`, `index`, `step`
  hook = 1,
  not_found = 3,      // execve: the program
  interpreter = 4,    // execve: its #! or ELF interpreter is missing
  not_executable = 5, // execve: no permission
  format = 6,         // execve: neither ELF nor #!
  execve = 7,         // execve: anything else
};

struct RecordFailure {
  uint32_t kind; // FailureKind
  uint32_t program, index;
  int32_t step, err;
  uint32_t detail_size;
  char detail[512]; // ends in a NUL
};

struct RecordStamp {
  uint8_t program, pad; // program: a ProgramName, or record_moment
  uint16_t index;       // of the operation; of a moment its Phase (schema/protocol)
  uint16_t code;        // of a host's operation: `update` may change where it stands in the plan. 0 = not known
  uint16_t pad2;
  uint64_t monotonic; // nanoseconds of the host's CLOCK_MONOTONIC
};
static_assert(sizeof(RecordStamp) == 16);
// In place of a program: a moment of the command, before or after its operations.
constexpr uint8_t record_moment = 255;

constexpr size_t record_page = 4096;
// The kernel has about fifteen controllers.
constexpr unsigned record_cgroups_max = 32;

// What has been added to the rest since 0.1.0. Members are added at the end and never change; whoever finds a smaller
// `size` has the container of a version that did not know the later ones.
struct RecordAdded {
  char magic[8];
  uint32_t size; // of the members that the maker of the container knew
  uint32_t unused;
  uint8_t schema[16];       // hash of the schema of the plan that init runs: by it the indexes of `failure` are known
  uint32_t freezer;         // which of the cgroups freezes the container, from 1; UINT32_MAX = none; 0 = unknown
  uint32_t freezer_version; // of cgroups: 1 or 2
  uint32_t slice;           // which of the cgroups systemd removes with its last process, from 1; 0 = none
  uint32_t slice_size;      // of its path, that of the slice
  uint64_t ending[28];      // a RecordEnding (record/ending.h)
  uint32_t exec_count;      // processes that exec has started
  uint32_t unused_too;
};
constexpr char record_added_magic[8] = {'V', 'L', 'C', 'I', 'A', 'D', 'D', '1'};
// Room for what is to come.
constexpr size_t record_added_size = 1008;
static_assert(sizeof(RecordAdded) <= record_added_size);

struct Record {
  // The head. Nothing here changes again, in whatever form: neither place nor meaning.
  char magic[8];
  uint32_t form;
  uint32_t stage;    // Stage; read and written with release and acquire order
  int32_t pid;       // of init, on the host; 0 = none yet
  uint32_t reported; // 1 when the stager has sent init's pid; a futex
  uint64_t start_time;
  uint64_t created; // CLOCK_REALTIME, nanoseconds
  uint64_t boot;    // names the boot that the pid belongs to
  char id[256];     // the container's id
  RecordFailure failure;
  uint32_t cgroup_count, cgroup_bytes;
  // Pairs of NUL-terminated texts: mount point, path. The path "/" stands for the path before it (the controllers
  // of v1 mostly share one).
  char cgroups[record_page - 8 * 6 - 256 - sizeof(RecordFailure) - 8];
  uint32_t stamp_count;
  uint32_t preexisting_cgroups; // bit N: the Nth of the cgroups was there before the container was created
  // Of each cgroup its inode, which the kernel gives to no other one of the hierarchy; or cgroup_unseen,
  // cgroup_pending. Form 1 has none.
  uint64_t cgroup_inodes[record_cgroups_max];

  // The rest, in form 2.
  // When each operation was done.
  static constexpr size_t stamps_max = 431;
  RecordStamp stamps[stamps_max];
  char unused[16];
  union {
    RecordAdded added;
    char room[record_added_size];
  };
  uint32_t exit_known; // 1 when somebody has seen init's end, plus its EndReason << 8; with release and acquire order
  int32_t exit_code;   // then: its exit code, or 128 and the signal
};
// The head, member by member.
static_assert(offsetof(Record, form) == 8 && offsetof(Record, stage) == 12 && offsetof(Record, pid) == 16);
static_assert(offsetof(Record, reported) == 20 && offsetof(Record, start_time) == 24 &&
              offsetof(Record, created) == 32);
static_assert(offsetof(Record, boot) == 40 && offsetof(Record, id) == 48 && offsetof(Record, failure) == 304);
static_assert(offsetof(Record, cgroup_count) == 840 && offsetof(Record, cgroups) == 848 && record_page == 4096);
static_assert(offsetof(Record, preexisting_cgroups) == 4100 && offsetof(Record, cgroup_inodes) == 4104);
constexpr size_t record_head_size = offsetof(Record, stamps);
static_assert(record_head_size == 4360);
// The rest of form 2.
static_assert(offsetof(Record, exit_known) == 12280 && sizeof(Record) == 3 * record_page);

// Puts magic, form and id into an empty record. False when the id does not fit.
bool record_begin(Record &record, Str id);

// Whether a file of this size, which begins like this, is a record of whatever form.
bool record_whole(const Record &record, int64_t size);

// Whether the rest is in the form of this version; else nothing of it may be read or written.
bool record_rest_known(const Record &record);

// What has been added since 0.1.0; nullptr when the container's maker did not know any of it.
const RecordAdded *record_added(const Record &record);

// A cgroup of a record: where it is, and which one it is.
struct RecordCgroup {
  Str mount;
  Str path;
  uint64_t inode = 0;
  bool preexisting = false; // it was there before the container, and stays when the container is deleted
  uint64_t container = 0;   // distinguishes containers that share a cgroup that was there before
};

// In place of an inode: the container has never got this cgroup; a create is just making it.
constexpr uint64_t cgroup_unseen = 0;
constexpr uint64_t cgroup_pending = UINT64_MAX;
// The record's form has no inodes: the container's cgroup is the one at its path that nothing later has marked.
constexpr uint64_t cgroup_unrecorded = UINT64_MAX - 1;

// Adds a cgroup. False when there is no more room.
bool record_add_cgroup(Record &record, Str mount, Str path);

// Finds the cgroup with this path. False when the record does not have it.
bool record_find_cgroup(const Record &record, Str mount, Str path, RecordCgroup &group);

// Remembers which cgroup it is that lies at this path of the record. `preexisting`: this container has not made it.
void record_identify_cgroup(Record &record, Str mount, Str path, uint64_t inode, bool preexisting);

// Why the end came, as far as somebody has seen it.
enum class EndReason : uint32_t { unknown = 0, out_of_memory = 1, seccomp = 2 };

// Keeps by which of its cgroups the container is frozen; version 0: by none.
void record_freezer(Record &record, Str mount, Str path, uint32_t version);

// What is kept. False when the maker of the container has not said.
bool record_has_freezer(const Record &record, RecordCgroup &cgroup, uint32_t &version);

// Keeps that systemd removes the cgroup below this one, its slice's, with its last process.
void record_slice(Record &record, Str path);

// The slice that is kept: the first `size` bytes of the cgroup's path. False when there is none.
bool record_has_slice(const Record &record, RecordCgroup &cgroup, uint32_t &size);

// Keeps the exit code of init, for those who ask when it is gone. A reason that is kept already stays.
void record_exit(Record &record, int code, EndReason reason = EndReason::unknown);

// Keeps the reason alone, of an end whose code nobody has seen.
void record_reason(Record &record, EndReason reason);

// The reason that is kept.
EndReason record_end_reason(const Record &record);

// Its name, as in events and state; empty for none.
Str reason_name(EndReason reason);

// Reads it; false when none has been kept.
bool record_has_exit(const Record &record, int &code);

// Takes over the cgroups of another record and what identifies them.
void record_copy_cgroups(Record &record, const Record &from);

// Walks the cgroups of a record; tolerates garbage.
class RecordCgroups {
public:
  explicit RecordCgroups(const Record &record) : record_(record) {}
  // The next one; false at the end.
  bool next(RecordCgroup &cgroup);

private:
  bool text(Str &out);
  const Record &record_;
  uint32_t position_ = 0, count_ = 0;
  Str last_path_;
};

// Stores a failure, then the stage `failed`. Only plain stores.
void record_fail(Record &record, FailureKind kind, uint32_t program, uint32_t index, Outcome outcome, Str detail);

Stage record_stage(const Record &record);
void record_set_stage(Record &record, Stage stage);

// CLOCK_MONOTONIC minus CLOCK_REALTIME in nanoseconds: differs between time namespaces.
int64_t clock_offset();

// Stamps an operation with the time: nanoseconds of the host's CLOCK_MONOTONIC.
void record_stamp(Record &record, uint8_t program, uint32_t index, int64_t now);
// The same for the host, which knows more.
void record_stamp_host(Record &record, uint8_t program, uint32_t index, uint16_t code);
// Notes a moment, by the host's CLOCK_MONOTONIC.
void record_stamp_moment(Record &record, uint16_t moment, int64_t monotonic);
// Appends the stamps of another record: of an init that reports in memory of its own.
void record_copy_stamps(Record &record, const Record &from);
// The oldest stamp that is left is number `first` of those that there have been; returns how many are left.
uint32_t record_stamps(const Record &record, uint32_t &first);

} // namespace veloci

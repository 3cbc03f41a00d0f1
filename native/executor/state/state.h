// The state directory ROOT/ID: claimed, opened, locked, removed. The id has been checked before (launcher/root.h).
#pragma once
#include "executor/context.h"

namespace veloci {

// Makes ROOT/ID with a record in stage `creating`, locks it, and pushes the undo. Returns 0 or an errno (EEXIST = the
// id is taken).
int claim_state(Context &context);

// Makes the report page of an exec: a memfd in the form of a record. Returns 0 or an errno.
int make_report(Context &context);

// Opens ROOT/ID: 0, ENOENT, or another errno.
int open_state(Context &context);

// Maps the record of the open state directory: 0 or an errno; EBADMSG for one that is damaged.
int map_record(Context &context);

// Locks the state directory (flock(2)): waits at most `milliseconds`. Returns 0, EWOULDBLOCK after the time, ENOENT
// when the directory was removed meanwhile, EINTR when one of `signals` asks us to stop, or another errno.
int lock_state(Context &context, uint32_t milliseconds, const Signals *signals = nullptr);

// Lets other commands work on the container.
void unlock_state(Context &context);

// Removes the names that are ours, then ROOT/ID itself. Outcome by the steps of state.remove.
Outcome remove_state(Context &context);

// Names in the state directory.
namespace state_name {
constexpr char record[] = "record";
constexpr char config[] = "config.json";
constexpr char request[] = "request.json";
constexpr char plan[] = "plan";
constexpr char state[] = "state.json";
// What readers of crun's state directories look for.
constexpr char status[] = "status";
// In a folder of images: what stdin, stdout and stderr of a container were, a JSON list of texts.
constexpr char descriptors[] = "descriptors.json";
// When the last execs did what; of a form that every version removes.
constexpr char execs[] = ".execs.tmp";
// What --process of those said.
constexpr char processes[] = ".processes.tmp";
constexpr char fifo[] = "exec.fifo";
// Directory of the socket for sd_notify(3), and the socket below it.
constexpr char notify[] = "notify";
constexpr char notify_socket[] = "notify/notify";
// Memoised plans of exec: this, then 64 hexadecimal digits.
constexpr char exec_prefix[] = "exec-";
} // namespace state_name

// Whether a name of the state directory is that of a memoised plan.
bool is_exec_memo(const char *name);

} // namespace veloci

// Identity of processes: a pid alone says nothing, since numbers are used again.
#pragma once
#include "base/types.h"
#include <signal.h>

namespace veloci {

struct Record;

// What /proc/PID/stat says (proc_pid_stat(5)).
struct ProcessStat {
  // R, S, D, Z (zombie), X (dead) ...: of the first thread.
  char state = 0;
  uint64_t threads = 0;
  // Clock ticks after boot.
  uint64_t start_time = 0;
  // Clock ticks that it has run.
  uint64_t cpu_time = 0;
  // Wait status of a zombie; 0 also for readers who may not trace the process.
  int exit_code = 0;
  // Whether it is on its way out, and whether SIGKILL has reached it: both are so for a moment.
  bool exiting = false;
  bool killed = false;
  // Whether it has run execve(2) since it was made.
  bool executed = false;
  // The first thread may have ended before others.
  bool ended_first() const { return state == 'Z' && threads > 1; }
  bool alive() const { return ended_first() || (state != 'Z' && state != 'X' && state != 'x'); }
  // Stopped by a signal, or by who traces it.
  bool stopped() const { return state == 'T' || state == 't'; }
};

// Reads /proc/PID/stat: 0, ESRCH when there is no such process, or another errno.
int read_process_stat(int pid, ProcessStat &stat);
// The same from the process's open folder of /proc, which names no other one.
int read_stat_below(int folder, ProcessStat &stat);

// Whether the processes of our pid namespace can be looked up in /proc: 0, EXDEV when it is that of another pid
// namespace, or the errno of /proc/self, ENOENT when no procfs is mounted there.
int procfs_fault();

// Opens a pidfd of the process that has this pid and start time. 0; ESRCH when it has ended, is a zombie, or the number
// belongs to another one; or another errno. Refuses pid <= 1.
int open_identified(int pid, uint64_t start_time, Fd &pidfd);

// Whether that process has ended, or is just about to: so is the first one of a pid namespace until all others are
// gone.
bool is_ending(int pid, uint64_t start_time);

// Waits for the end of that process when it has been killed; false when it has not, or is still there after the time.
bool await_if_killed(int pid, uint64_t start_time, int milliseconds);

// A number that names the boot of the system, from its boot id; 0 and errno when it can't be read.
uint64_t boot_mark();

// Whether a record is of this boot: 0, ESRCH when it is of another one, or the errno of the boot id. A host or a record
// without one is taken for the same.
int check_boot(const Record &record);

// Waits for a child of ours that has ended or was killed, and reaps it; what waitid(2) says goes to `info`. False when
// it is still there after the time: it hangs in the kernel, ends later, and is reaped by who adopts it then.
bool reap_child(pid_t pid, int milliseconds, siginfo_t *info = nullptr);

// Waits until the process of a pidfd has ended; false after the time or a signal for us (EINTR).
bool pidfd_wait(int pidfd, int milliseconds);

} // namespace veloci

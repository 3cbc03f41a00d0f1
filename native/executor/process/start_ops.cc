// process.start: exec.fifo, and the report page.
#include "executor/cgroup/cgroup.h"
#include "executor/process/channel.h"
#include "executor/handler.h"
#include "process/process.h"
#include "executor/process/relay.h"
#include "executor/state/state.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace veloci {

namespace {

// Waits for the end of the fifo when init is gone, within a bound.
int await_fifo(int fifo) {
  struct pollfd ending {
    fifo, 0, 0
  };
  int ready;
  do ready = poll(&ending, 1, wait_limit);
  while (ready < 0 && errno == EINTR);
  return 0;
}

// Whether a byte of ours lies there that nobody has taken.
bool is_unread(int fifo) {
  int count = 0;
  return ioctl(fifo, FIONREAD, &count) == 0 && count > 0;
}

// Waits for the end of the fifo: init has executed its program, or has ended. EINTR when a signal asks us to stop,
// ETIMEDOUT when init does not go on, or whoever stands at the fifo for it: somebody has stopped them.
int wait_end(int fifo, int pidfd, int pid, Signals *signals) {
  constexpr int slice = 1000;
  int halted = 0, executed = 0;
  struct pollfd waiting[3] = {
      {fifo, POLLIN, 0}, {pidfd, POLLIN, 0}, {signals != nullptr ? signals->descriptor() : -1, POLLIN, 0}};
  for (;;) {
    int ready = poll(waiting, 3, slice);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (ready == 0) {
      ProcessStat stat;
      bool known = read_process_stat(pid, stat) == 0;
      halted = is_unread(fifo) || (known && stat.stopped()) ? halted + slice : 0;
      if (halted >= wait_limit) return ETIMEDOUT;
      // Somebody keeps the fifo open, which says no more then.
      executed = known && stat.executed ? executed + slice : 0;
      if (executed >= wait_limit) return 0;
      continue;
    }
    if ((waiting[0].revents & (POLLHUP | POLLERR)) != 0) return 0;
    // Init has ended, and so has what it holds; where it is apart, start.relay needs a moment to bring its report over.
    if (waiting[1].revents != 0) return await_fifo(fifo);
    if (waiting[2].revents != 0 && signals->should_stop()) return EINTR;
    // The byte that init has not read yet: do not spin on it.
    if ((waiting[0].revents & POLLIN) != 0) waiting[0].events = 0;
  }
}

// Without a report, when the process of start.relay has ended before it could bring one over: whether init executes its
// program all the same.
bool executes(int pidfd, int pid) {
  for (Deadline deadline(wait_limit); !pidfd_wait(pidfd, 0);) {
    ProcessStat stat;
    if (read_process_stat(pid, stat) != 0 || stat.executed) return stat.executed;
    if (!deadline.wait()) return false;
  }
  return false;
}

// Init has nothing more to do than to end: whoever is told of the failure finds the container stopped.
void await_end(int pidfd) {
  constexpr int longest = 2000; // a cgroup may be frozen
  pidfd_wait(pidfd, longest);
}

} // namespace

Outcome HostHandler::on(const StartRefuse &) { return Outcome::failed(step::start_refuse::process, ENOEXEC); }

Outcome HostHandler::on(const ProcessStart &) {
  using namespace step::process_start;
  Record &record = *context_.record;
  Fd pidfd;
  if (int err = open_identified(record.pid, record.start_time, pidfd); err != 0) return Outcome::failed(open, err);
  // A socket is both.
  Gate gate = {.reader = static_cast<Fd &&>(context_.release), .writer = {}};
  if (!gate.reader.valid() && take_gate(context_, pidfd.get(), gate) != 0) {
    int dir = context_.state.get();
    gate.writer.reset(openat(dir, state_name::fifo, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (!gate.writer.valid()) return Outcome::failed(open);
    // Of anything else in its place no end would ever come.
    struct stat info;
    if (fstat(gate.writer.get(), &info) != 0 || !S_ISFIFO(info.st_mode)) return Outcome::failed(open, EBADMSG);
    gate.reader.reset(openat(dir, state_name::fifo, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (!gate.reader.valid()) return Outcome::failed(open);
  }
  context_.witness.look(record);
  // Before the byte: after it the stage is init's to change.
  record_set_stage(record, Stage::released);
  if (::write((gate.writer.valid() ? gate.writer : gate.reader).get(), "0", 1) != 1) {
    int err = errno;
    record_set_stage(record, Stage::created);
    return Outcome::failed(release, err);
  }
  gate.writer.reset();
  if (int err = wait_end(gate.reader.get(), pidfd.get(), record.pid, context_.signals); err != 0)
    return Outcome::failed(wait, err);
  if (context_.apart) bring_over(*context_.report, record);
  switch (record_stage(record)) {
  case Stage::executing: return {};
  case Stage::failed: break;
  default:
    if (executes(pidfd.get(), record.pid)) {
      record_set_stage(record, Stage::executing);
      return {};
    }
    context_.failure.out_of_memory = has_run_out_of_memory(context_);
    await_end(pidfd.get());
    return Outcome::failed(died, ESRCH);
  }
  await_end(pidfd.get());
  // The engine knows init's operation better than this one.
  context_.report = &record;
  take_reported_failure(context_);
  return Outcome::failed(execve, record.failure.err == 0 ? EIO : record.failure.err);
}

} // namespace veloci

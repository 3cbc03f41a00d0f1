#include "init/shared.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/closing.h"
#include "base/sys.h"
#include "cgroup/cgroupfs.h"

namespace veloci {
namespace {

MessageHeader header(MessageType type, uint8_t point) {
  MessageHeader header;
  header.type = static_cast<uint8_t>(type);
  header.point = point;
  return header;
}

// The messages of a process come after the one with its pid.
void await_pid_report(Record &record, uint32_t generation) {
  timespec limit = {1, 0};
  for (int i = 0; i < 30; i++) {
    uint32_t reported = __atomic_load_n(&record.reported, __ATOMIC_ACQUIRE);
    if (reported >= generation) return;
    sys::passing(SYS_futex, &record.reported, FUTEX_WAIT, reported, &limit);
  }
}

} // namespace

bool Common::send(const MessageHeader &header, Bytes detail, int fd) {
  if (shared_.generation > 0) await_pid_report(*shared_.record, shared_.generation);
  return send_message(shared_.socket.get(), header, detail, fd);
}

bool Common::goes_on(pid_t child, int pidfd) {
  if (child == 0) {
    shared_.generation++;
    shared_.clock_skew = clock_offset() - shared_.host_clock_offset;
    // Two looks at two clocks are never quite the same; the offset of a time namespace is no such trifle.
    constexpr int64_t jitter = 1000000;
    if (shared_.clock_skew > -jitter && shared_.clock_skew < jitter) shared_.clock_skew = 0;
    return true;
  }
  MessageHeader message = header(MessageType::pid, 0);
  message.pid = child;
  bool sent = send(message, {}, pidfd);
  int err = errno;
  // Without its pid nobody could ever end it.
  if (!sent) sys::pidfd_send_signal(pidfd, SIGKILL);
  __atomic_store_n(&shared_.record->reported, shared_.generation + 1, __ATOMIC_RELEASE);
  sys::passing(SYS_futex, &shared_.record->reported, FUTEX_WAKE, INT_MAX);
  if (sent) sys::passing(SYS_exit_group, 0);
  errno = err;
  return false;
}

bool Common::receive(MessageType type, uint8_t point) {
  Message message;
  for (;;) {
    Fd fd;
    switch (receive_message(shared_.socket.get(), message, fd)) {
    case Received::end: _exit(1); // the executor has given up: nobody is left to report to
    case Received::error: return false;
    case Received::message: break;
    }
    bool expected = message.kind() == type && message.point == point;
    if (message.kind() == MessageType::fd && message.point < Slot::count && fd.valid()) {
      shared_.slots[message.point] = static_cast<Fd &&>(fd);
      if (expected) return true;
      continue;
    }
    if (expected && type != MessageType::fd) return true;
    errno = EPROTO;
    return false;
  }
}

Outcome Common::on(const CgroupJoin &op) {
  uint32_t number = shared_.next_member++;
  if (number >= shared_.member_count) return fail(step::cgroup_join::open, EPROTO, op.dir.mount);
  int step = step::cgroup_join::open, err = shared_.member_errors.errors[number];
  if (err == 0) {
    step = step::cgroup_join::write;
    int member = shared_.members[number].get();
    bool joined = number == shared_.unified ? join_cgroup(member) : write_cgroup_value(member, Str::of("0"));
    err = joined ? 0 : errno;
  }
  if (shared_.next_member == shared_.member_count) close_members();
  return err == 0 ? Outcome::success() : fail(step, err, op.dir.mount);
}

void Common::close_members() {
  for (uint32_t i = 0; i < shared_.member_count; i++) {
    if (shared_.members[i].valid()) closing.add(shared_.members[i].release());
  }
  closing.flush();
  shared_.next_member = shared_.member_count = 0;
}

Outcome Common::on(const SyncSignal &op) {
  bool sent = send(header(MessageType::sync, static_cast<uint8_t>(op.point)));
  return sent ? Outcome::success() : Outcome::failed(step::sync_signal::send);
}

Outcome Common::on(const SyncAwait &op) {
  if (!receive(MessageType::sync, static_cast<uint8_t>(op.point))) return Outcome::failed(step::sync_await::receive);
  // The maps are written: an unprivileged executor needs /proc/PID no longer.
  if (op.point == Point::ids_mapped) prctl(PR_SET_DUMPABLE, 0);
  return Outcome::success();
}

Outcome Common::on(const FdSend &op) {
  Fd &fd = shared_.slots[op.slot.number];
  if (!fd.valid()) return Outcome::failed(step::fd_send::send, EBADF);
  if (!send(header(MessageType::fd, op.slot.number), {}, fd.get())) return Outcome::failed(step::fd_send::send);
  fd.reset();
  return Outcome::success();
}

Outcome Common::on(const FdReceive &op) {
  if (shared_.slots[op.slot.number].valid() || receive(MessageType::fd, op.slot.number)) return Outcome::success();
  return Outcome::failed(step::fd_receive::receive);
}

Outcome Common::on(const NamespaceUnshare &op) {
  // The maps are written through /proc/PID, which belongs to root as long as we cannot be dumped.
  if (op.types & sys::clone_newuser && geteuid() != 0) prctl(PR_SET_DUMPABLE, 1);
  if (sys::unshare(op.types) < 0) return Outcome::failed(step::namespace_unshare::unshare);
  return Outcome::success();
}

// Straight system calls: musl's functions would signal threads, of which there are none.
Outcome Common::on(const IdsRoot &op) {
  if (op.setgroups && syscall(SYS_setgroups, 0, nullptr) < 0) return Outcome::failed(step::ids_root::setgroups);
  if (syscall(SYS_setresgid, 0, 0, 0) < 0) return Outcome::failed(step::ids_root::setresgid);
  if (syscall(SYS_setresuid, 0, 0, 0) < 0) return Outcome::failed(step::ids_root::setresuid);
  // The change of ids has set this to what the kernel's suid_dumpable says.
  prctl(PR_SET_DUMPABLE, 0);
  return Outcome::success();
}

Outcome Common::on(const RlimitSet &op) {
  struct {
    uint64_t soft, hard;
  } limit = {op.soft, op.hard};
  if (syscall(SYS_prlimit64, 0, op.resource, &limit, nullptr) < 0) return Outcome::failed(step::rlimit_set::prlimit);
  return Outcome::success();
}

void Common::report(ProgramName program, uint32_t index, FailureKind kind, Outcome outcome) {
  Str detail = shared_.detail.bytes();
  record_fail(*shared_.record, kind, static_cast<uint32_t>(program), index, outcome, detail);
  if (!shared_.socket.valid()) return;
  MessageHeader failure = header(MessageType::fail, 0);
  failure.program = static_cast<uint16_t>(program);
  failure.index = index;
  failure.step = outcome.step;
  failure.err = outcome.err;
  send(failure, {reinterpret_cast<const uint8_t *>(detail.data), detail.size});
}

} // namespace veloci

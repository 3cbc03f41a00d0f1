// process.spawn, process.await, process.fd, process.signal, process.end.
#include "cgroup/cgroupfs.h"
#include "base/packet.h"
#include "base/sys.h"
#include "executor/cgroup/cgroup.h"
#include "executor/cgroup/freezer.h"
#include "cgroup/own_cgroup.h"
#include "executor/process/channel.h"
#include "executor/handler.h"
#include "executor/cgroup/membership.h"
#include "process/process.h"
#include "executor/process/relay.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include <fcntl.h>
#include <initializer_list>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

namespace veloci {

namespace {

// How long kill waits for those who may have escaped its signal by a fork.
constexpr uint32_t escaped_milliseconds = 2000;

// A sealed memfd with the plan, for plans that do not fit into a message.
int plan_file(Bytes plan, Fd &file) {
  file.reset(sys::memfd_create("veloci-plan", sys::memfd_cloexec | sys::memfd_allow_sealing));
  if (!file.valid() || !write_all(file.get(), plan.data, plan.size)) return errno;
  constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  return fcntl(file.get(), F_ADD_SEALS, seals) == 0 ? 0 : errno;
}

// A pipe of one descriptor, which is init's and both of its ends, as exec.fifo is: whoever is let have a copy of it
// starts the container, and nobody has to stay for that.
int make_gate(Context &context) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  Fd reader(ends[0]), writer(ends[1]);
  context.relayed = static_cast<Fd &&>(context.fifo);
  context.fifo.reset(reopen(reader.get(), O_RDWR));
  if (!context.fifo.valid()) return errno;
  context.gate = static_cast<Fd &&>(reader);
  return 0;
}

// The stager that is there has the record: it makes room for one that has nothing of the host.
int set_apart(Context &context) {
  end_children(context);
  if (!context.release.valid()) {
    if (int err = make_gate(context); err != 0) return err;
  }
  if (int err = make_report(context); err != 0) return err;
  context.apart = true;
  return 0;
}

bool send_memberships(const Context &context, const Memberships &memberships) {
  if (memberships.count == 0) return true;
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::members);
  header.index = memberships.unified;
  header.detail_size = memberships.count;
  int descriptors[record_cgroups_max];
  unsigned count = 0;
  for (const Fd &member : memberships.members) {
    if (member.valid()) descriptors[count++] = member.get();
  }
  static_assert(record_cgroups_max <= packet_descriptors_max && record_cgroups_max <= sizeof(MemberErrors));
  iovec parts[] = {{&header, sizeof header}, {const_cast<MemberErrors *>(&memberships.errors), memberships.count}};
  return send_packet(context.socket.get(), parts, 2, descriptors, count) >= 0;
}

// Ends init when it is our own child: nobody else will reap it.
void reap_init(Context &context) {
  if (context.init.pid <= 0) return;
  siginfo_t info;
  if (waitid(P_PID, static_cast<id_t>(context.init.pid), &info, WEXITED | WNOHANG | __WALL) == 0 && info.si_pid != 0) {
    context.init.pid = -1;
  }
}

} // namespace

Outcome HostHandler::on(const ProcessSpawn &op) {
  if (op.apart && !context_.apart) {
    if (int err = set_apart(context_); err != 0) return Outcome::failed(step::process_spawn::memfd, err);
  }
  if (context_.stager.pid <= 0) {
    if (Outcome spawned = spawn_stager(context_); !spawned.ok()) return spawned;
  } else if (!context_.undo.push([](Context &started, const void *) { end_children(started); })) {
    // It was started before the plan's first operation, but is used from here on: what was made meanwhile (cgroups) can
    // be removed only after its end.
    return Outcome::failed(step::process_spawn::exec);
  }
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::programs);
  header.index = context_.preserve;
  if (context_.fifo.valid()) header.point |= programs_wait;
  if (context_.gate.valid()) header.point |= programs_keep_report;
  Memberships memberships;
  if (!open_memberships(context_, memberships)) return Outcome::failed(step::process_spawn::send, context_.failure.err);
  if (memberships.count > 0) header.point |= programs_members;
  // Its copy is enough: as long as ours is open, the end of the fifo would never come.
  context_.fifo.reset();
  Fd file;
  Bytes plan = context_.plan_bytes;
  if (plan.size > inline_plan_max) {
    if (int err = plan_file(plan, file); err != 0) return Outcome::failed(step::process_spawn::memfd, err);
    plan = {};
  }
  if (send_message(context_.socket.get(), header, plan, file.get()) && send_memberships(context_, memberships))
    return {};
  int err = errno;
  // It may have ended, and have said why before.
  take_reported_failure(context_);
  return Outcome::failed(step::process_spawn::send, err);
}

Outcome HostHandler::on(const ProcessAwait &) {
  Message message;
  Fd pidfd;
  if (int err = await_message(context_, MessageType::pid, 0, message, pidfd); err != 0) {
    return Outcome::failed(step::process_await::receive, err);
  }
  if (!pidfd.valid() || !is_our_child(message.pid)) return Outcome::failed(step::process_await::receive, EBADMSG);
  take_init(context_, message.pid, static_cast<Fd &&>(pidfd));
  ProcessStat stat;
  // Or the time would be that of a stranger.
  if (procfs_fault() != 0) return Outcome::failed(step::process_await::record, ESRCH);
  if (int err = read_process_stat(message.pid, stat); err != 0) {
    return Outcome::failed(step::process_await::record, err);
  }
  for (Record *record : {context_.report, context_.apart ? context_.record : nullptr}) {
    if (record == nullptr) continue;
    record->start_time = stat.start_time;
    __atomic_store_n(&record->pid, message.pid, __ATOMIC_RELEASE);
  }
  return {};
}

Outcome HostHandler::on(const ProcessFd &op) {
  Fd pidfd;
  if (int err = open_identified(context_.record->pid, context_.record->start_time, pidfd); err != 0) {
    return Outcome::failed(err == ESRCH ? step::process_fd::identity : step::process_fd::open, err);
  }
  context_.slots[op.slot] = static_cast<Fd &&>(pidfd);
  return {};
}

bool HostHandler::reaches_cgroup(const ProcessSignal &op) const {
  bool kill = context_.signal == SIGKILL;
  uint32_t occasion = context_.signal_all ? SignalReachFlag::all
                      : !kill             ? 0
                      : context_.ended    ? SignalReachFlag::orphans
                                          : SignalReachFlag::kill;
  return op.cgroup && (op.reach & occasion) != 0;
}

Outcome HostHandler::on(const ProcessSignal &op) {
  namespace steps = step::process_signal;
  FreezerCgroup freezer;
  const FreezerCgroup *freezes = find_own(op.freezer, freezer);
  if (reaches_cgroup(op)) {
    RecordCgroup own;
    if (!find_own(op.cgroup.value, own)) return Outcome::failed(steps::open, ENOENT);
    bool any = !context_.ended || has_processes(own);
    int err = signal_cgroup(own, context_.signal, freezes, Deadline(escaped_milliseconds));
    if (err != 0) return Outcome::failed(is_gone(err) ? steps::open : steps::send, err);
    return any ? Outcome::success() : Outcome::failed(steps::identity, ESRCH);
  }
  Fd pidfd;
  int err = context_.ended ? ESRCH : open_identified(context_.record->pid, context_.record->start_time, pidfd);
  if (err != 0) return Outcome::failed(err == ESRCH ? steps::identity : steps::open, err);
  if (sys::pidfd_send_signal(pidfd.get(), context_.signal) != 0) return Outcome::failed(steps::send);
  // A frozen process of v1 dies only when it is thawed.
  bool holds = freezes != nullptr && freezes->version == FreezerVersion::v1 && context_.signal == SIGKILL;
  if (Fd frozen = holds ? open_freezer(freezes) : Fd(); frozen.valid()) thaw(frozen.get(), freezes->version);
  return {};
}

Outcome HostHandler::on(const ProcessEnd &op) {
  Fd pidfd;
  int err = open_identified(context_.record->pid, context_.record->start_time, pidfd);
  if (err == ESRCH) {
    reap_init(context_);
    return {};
  }
  // Where a filter refuses pidfd_open(2), the one that came with our own child does as well.
  bool own = context_.init.pidfd.valid() && context_.init.pid == context_.record->pid;
  if (err != 0 && own) {
    pidfd = static_cast<Fd &&>(context_.init.pidfd);
    err = 0;
  }
  if (err != 0) return Outcome::failed(step::process_end::open, err);
  if (sys::pidfd_send_signal(pidfd.get(), SIGKILL) != 0 && errno != ESRCH)
    return Outcome::failed(step::process_end::kill);
  FreezerCgroup freezer;
  const FreezerCgroup *freezes = find_own(op.freezer, freezer);
  if (!await_killed(context_.record->pid, freezes, pidfd.get(), Deadline(op.timeout, context_.ending))) {
    return Outcome::failed(step::process_end::wait, ETIMEDOUT);
  }
  reap_init(context_);
  return {};
}

} // namespace veloci

// rlimit.set, oom.score and cpu.affinity of the init of a container that runs.
#include "base/io.h"
#include "base/procfs.h"
#include "executor/handler.h"
#include "process/process.h"
#include "executor/process/target.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace veloci {

namespace {

struct Limit {
  uint64_t soft, hard;
};

struct BeforeLimit {
  pid_t pid;
  uint32_t resource;
  Limit limit;
};

struct BeforeScore {
  pid_t pid;
  long score;
};

// As many processors as a kernel can have.
struct BeforeProcessors {
  pid_t pid;
  long size;
  unsigned char mask[1024];
};

// The real ids of a process. False and errno on failure.
bool read_real_ids(pid_t pid, uid_t &uid, gid_t &gid) {
  Fd proc(open_host_procfs());
  TextOf<48> path;
  TextOf<2048> text;
  path.add_signed(pid).add("/status");
  Fd file(proc.valid() ? open_in_procfs(proc.get(), path.c_str(), O_RDONLY) : -1);
  if (!file.valid() || !read_small(file.get(), text)) return false;
  const char *users = strstr(text.c_str(), "\nUid:\t"), *groups = strstr(text.c_str(), "\nGid:\t");
  if (users == nullptr || groups == nullptr) return errno = EBADMSG, false;
  constexpr int decimal = 10, key = 6;
  uid = static_cast<uid_t>(strtoul(users + key, nullptr, decimal));
  gid = static_cast<gid_t>(strtoul(groups + key, nullptr, decimal));
  return true;
}

// prlimit(2) on another process. Without CAP_SYS_RESOURCE the kernel allows it to who has the same real ids: they are
// changed for that moment, and the effective ones stay.
bool exchange_limit(pid_t pid, uint32_t resource, const Limit *limit, Limit *before) {
  if (syscall(SYS_prlimit64, pid, resource, limit, before) == 0) return true;
  uid_t uid = 0, own_uid = getuid();
  gid_t gid = 0, own_gid = getgid();
  constexpr int keep = -1;
  if (errno != EPERM || !read_real_ids(pid, uid, gid)) return errno = EPERM, false;
  bool done = syscall(SYS_setresgid, gid, keep, keep) == 0 && syscall(SYS_setresuid, uid, keep, keep) == 0 &&
              syscall(SYS_prlimit64, pid, resource, limit, before) == 0;
  syscall(SYS_setresuid, own_uid, keep, keep);
  syscall(SYS_setresgid, own_gid, keep, keep);
  return done || (errno = EPERM, false);
}

void undo_limit(Context &, BeforeLimit &before) { exchange_limit(before.pid, before.resource, &before.limit, nullptr); }

// A file of another process, that nothing can be mounted over. -1 and errno on failure.
int open_score(pid_t pid) {
  Fd proc(open_host_procfs());
  TextOf<48> path;
  path.add_signed(pid).add("/oom_score_adj");
  return proc.valid() ? open_in_procfs(proc.get(), path.c_str(), O_RDWR) : -1;
}

// 0 or an errno.
int write_score(int file, long score) {
  TextOf<16> value;
  value.add_signed(score);
  return write(file, value.c_str(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

void undo_score(Context &, BeforeScore &before) {
  Fd file(open_score(before.pid));
  if (file.valid()) write_score(file.get(), before.score);
}

void undo_processors(Context &, BeforeProcessors &before) {
  syscall(SYS_sched_setaffinity, before.pid, before.size, before.mask);
}

} // namespace

pid_t target_of(const Context &context) {
  if (context.init.pid > 0) return context.init.pid;
  Fd pidfd;
  if (int err = open_identified(context.record->pid, context.record->start_time, pidfd); err != 0) {
    errno = err;
    return -1;
  }
  return context.record->pid;
}

Outcome HostHandler::on(const RlimitSet &op) {
  pid_t pid = target_of(context_);
  BeforeLimit before = {pid, op.resource, {}};
  Limit limit = {op.soft, op.hard};
  if (pid <= 0 || !exchange_limit(pid, op.resource, nullptr, &before.limit) ||
      context_.undo.keep(undo_limit, static_cast<BeforeLimit &&>(before)) == nullptr ||
      !exchange_limit(pid, op.resource, &limit, nullptr))
    return Outcome::failed(step::rlimit_set::prlimit);
  return {};
}

Outcome HostHandler::on(const OomScore &op) {
  BeforeScore before = {target_of(context_), 0};
  TextOf<16> text;
  constexpr int decimal = 10;
  Fd file(before.pid > 0 ? open_score(before.pid) : -1);
  if (!file.valid() || !read_small(file.get(), text)) return Outcome::failed(step::oom_score::open);
  before.score = strtol(text.c_str(), nullptr, decimal);
  if (context_.undo.keep(undo_score, static_cast<BeforeScore &&>(before)) == nullptr)
    return Outcome::failed(step::oom_score::open);
  int err = write_score(file.get(), op.value);
  return err == 0 ? Outcome::success() : Outcome::failed(step::oom_score::write, err);
}

Outcome HostHandler::on(const CpuAffinity &op) {
  BeforeProcessors before = {};
  before.pid = target_of(context_);
  unsigned char all[sizeof before.mask];
  memset(all, 0xff, sizeof all);
  if (before.pid > 0) before.size = syscall(SYS_sched_getaffinity, before.pid, sizeof before.mask, before.mask);
  pid_t pid = before.pid;
  if (pid <= 0 || before.size <= 0 ||
      context_.undo.keep(undo_processors, static_cast<BeforeProcessors &&>(before)) == nullptr)
    return Outcome::failed(step::cpu_affinity::affinity);
  Bytes mask = op.mask ? op.mask.value : Bytes{all, sizeof all};
  long result = syscall(SYS_sched_setaffinity, pid, mask.size, mask.data);
  return result == 0 ? Outcome::success() : Outcome::failed(step::cpu_affinity::affinity);
}

} // namespace veloci

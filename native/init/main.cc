// The program that enters containers. It starts as the stager, from a sealed memfd, while the plan is still being made;
// the stager's clone goes on as init.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <initializer_list>

#include "base/clock.h"
#include "base/packet.h"
#include "base/pages.h"
#include "base/sys.h"
#include "init/init.h"
#include "init/stager.h"

namespace veloci {
namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr uint32_t no_operation = UINT32_MAX;
// What is no operation's: a system call has failed, and the words are what it was for; or else.
constexpr int no_step = 0, system_call = 1;

bool sealed(int fd) {
  int present = fcntl(fd, F_GET_SEALS);
  return present >= 0 && (present & seals) == seals;
}

// Nobody in a container may be able to change the file that we run from. 0, EPERM when somebody may, or another errno.
int check_program() {
  Fd program(openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC));
  int present = program.valid() ? fcntl(program.get(), F_GET_SEALS) : -1;
  // EINVAL: a file that cannot be sealed at all.
  if (present < 0) return errno == EINVAL ? EPERM : errno;
  return (present & seals) == seals ? 0 : EPERM;
}

bool map_record(Shared &shared) {
  void *memory = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, record_fd, 0);
  if (memory == MAP_FAILED) return false;
  shared.record = static_cast<Record *>(memory);
  return true;
}

// A plan that is too large for a message comes in a sealed memfd.
bool map_plan(int fd, Bytes &plan) {
  struct stat status;
  if (!sealed(fd) || fstat(fd, &status) < 0) return false;
  plan.size = static_cast<size_t>(status.st_size);
  void *memory = mmap(nullptr, plan.size, PROT_READ, MAP_PRIVATE, fd, 0);
  plan.data = static_cast<const uint8_t *>(memory);
  return memory != MAP_FAILED;
}

// Fills the numbers that the caller had not opened, so that nothing of ours ever lies there.
bool fill_gaps(Shared &shared) {
  for (uint32_t i = 0; i < shared.preserved; i++) {
    int fd = first_preserved_fd + static_cast<int>(i);
    if (fcntl(fd, F_GETFD) >= 0) continue;
    shared.mark_gap(i);
    if (dup2(socket_fd, fd) < 0) return false;
  }
  return true;
}

// Keeps the descriptors that the executor meant for us, close-on-exec, and closes all others.
bool tidy_descriptors(uint32_t preserved) {
  unsigned first_other = static_cast<unsigned>(first_preserved_fd) + preserved;
  if (sys::close_range(first_other, ~0u, 0) < 0) return false;
  if (sys::close_range(socket_fd, ~0u, sys::close_range_cloexec) == 0) return true;
  if (errno != EINVAL) return false;
  for (unsigned fd = socket_fd; fd < first_other; fd++) fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC); // before 5.11
  return true;
}

bool receive_members(Shared &shared) {
  MessageHeader header;
  MemberErrors &errors = shared.member_errors;
  iovec parts[] = {{&header, sizeof header}, {&errors, sizeof errors}};
  Fd received[packet_descriptors_max];
  size_t count, taken = 0;
  ssize_t size = receive_packet(shared.socket.get(), parts, 2, received, packet_descriptors_max, count);
  if (size == 0) _exit(1);
  if (size < 0) return false;
  errno = EBADMSG;
  if (header.type != static_cast<uint8_t>(MessageType::members)) return false;
  if (static_cast<size_t>(size) != sizeof header + header.detail_size) return false;
  shared.member_count = header.detail_size;
  shared.unified = header.index - 1;
  for (uint32_t i = 0; i < shared.member_count; i++) {
    if (errors.errors[i] == 0 && taken < count) shared.members[i].reset(received[taken++].release());
  }
  return taken == count;
}

// Waits for the programs. False and errno on failure, with words in `what`.
bool receive_plan(Shared &shared, Pages &buffer, PlanFile &plan, const char **what) {
  *what = "receive the plan";
  if (!buffer.allocate(inline_plan_max)) return false;
  MessageHeader header;
  Fd fd;
  Received received = receive_large(shared.socket.get(), header, buffer.data(), buffer.size(), fd);
  if (received == Received::end) _exit(1);
  if (received == Received::error) return false;
  errno = EBADMSG;
  *what = "what arrives is no plan";
  if (header.type != static_cast<uint8_t>(MessageType::programs) || header.index > preserved_max) return false;
  Bytes bytes = {buffer.data<uint8_t>(), header.detail_size};
  *what = "receive the plan";
  if (fd.valid() && !map_plan(fd.get(), bytes)) return false;
  fd.reset();
  shared.preserved = header.index;
  if ((header.point & programs_keep_report) == 0) close(record_fd);
  // Else it is not open.
  if ((header.point & programs_wait) != 0) shared.fifo.reset(fifo_fd);
  if (!fill_gaps(shared) || !tidy_descriptors(shared.preserved)) return false;
  shared.plan = bytes;
  *what = "receive the cgroups";
  if ((header.point & programs_members) != 0 && !receive_members(shared)) return false;
  errno = EBADMSG;
  return open_inner(bytes, plan, what);
}

// The container's filter may refuse exit, too: libc would try for ever.
[[noreturn]] void leave(int status) {
  sys::passing(SYS_exit_group, status);
  syscall(SYS_exit, status);
  __builtin_trap();
}

[[noreturn]] void stop(Common &common, ProgramName program, uint32_t index, FailureKind kind, Outcome outcome) {
  common.report(program, index, kind, outcome);
  leave(1);
}

// The clock is a system call where the vDSO has none, as with the clock sources hpet and acpi_pm.
int64_t now() {
  if (sys::pass.first == 0) return nanoseconds_of(CLOCK_MONOTONIC);
  timespec time = {};
  sys::passing(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

// Runs the stager's program; comes back as init, which its last operation has cloned.
void run_stager_program(Shared &shared, const PlanFile &plan) {
  Stager stager(shared);
  Program program;
  uint32_t count = plan.find(ProgramName::stager, program) ? program.size() : 0;
  for (const OpRecord &op : program) {
    shared.detail.clear();
    Outcome outcome = run_stager(op, stager);
    if (!outcome.ok()) stop(stager, ProgramName::stager, op.index, FailureKind::operation, outcome);
    record_stamp(*shared.record, static_cast<uint8_t>(ProgramName::stager), op.index, now() - shared.clock_skew);
    if (shared.generation > 0) return;
  }
  shared.detail.words().add("the stager's program does not end in process.clone");
  stop(stager, ProgramName::stager, count, FailureKind::operation, Outcome::failed(0, EPROTO));
}

void end_by(int signal) { _exit(128 + signal); }

// The first process of a pid namespace does not die by a signal that it has no handler for: without these a container
// that waits for its start could only be killed. execve puts them back.
void obey_signals() {
  if (getpid() != 1) return;
  for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) signal(number, end_by);
}

[[noreturn]] void run_init_program(Shared &shared, const PlanFile &plan) {
  Program program;
  plan.find(ProgramName::init, program);
  obey_signals();
  Init init(shared, program);
  for (const OpRecord &op : program) {
    shared.detail.clear();
    int64_t time = op.code == code::seccomp_load ? now() : 0;
    Outcome outcome = run_init(op, init);
    if (!outcome.ok()) stop(init, ProgramName::init, op.index, init.failure_kind(op.code), outcome);
    // A filter that lets none of our calls pass may forbid the clock.
    if (time == 0 || sys::pass.first != 0) time = now();
    record_stamp(*shared.record, static_cast<uint8_t>(ProgramName::init), op.index, time - shared.clock_skew);
  }
  shared.detail.words().add("init's program does not end in program.run");
  stop(init, ProgramName::init, program.size(), FailureKind::operation, Outcome::failed(0, EPROTO));
}

[[noreturn]] void run() {
  prctl(PR_SET_DUMPABLE, 0);
  umask(0);
  Shared shared;
  shared.socket.reset(socket_fd);
  if (!map_record(shared)) _exit(1);
  shared.host_clock_offset = clock_offset();
  Common common(shared);
  if (int err = check_program(); err != 0) {
    shared.detail.words().add(err == EPERM ? "not running from a sealed memfd"
                                           : "look at the file that init runs from");
    stop(common, ProgramName::stager, no_operation, FailureKind::operation,
         Outcome::failed(err == EPERM ? no_step : system_call, err));
  }
  Pages buffer;
  PlanFile plan;
  const char *what;
  if (!receive_plan(shared, buffer, plan, &what)) {
    Outcome outcome = Outcome::failed(errno == EBADMSG ? no_step : system_call);
    shared.detail.words().add(what);
    stop(common, ProgramName::stager, no_operation, FailureKind::operation, outcome);
  }
  run_stager_program(shared, plan);
  run_init_program(shared, plan);
}

} // namespace
} // namespace veloci

int main() { veloci::run(); }

#include "executor/process/relay.h"
#include "base/sys.h"
#include "executor/handler.h"
#include "wait/interrupt.h"
#include "base/stop_signals.h"
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace veloci {

namespace {

// What the process that waits needs besides two mappings: exec.fifo, and the end of init's pipe that is read.
constexpr int fifo_number = 3, gate_number = 4;

// Hands the byte of start on. False when init is gone.
bool hand_on() {
  char byte;
  ssize_t size;
  do size = ::read(fifo_number, &byte, 1);
  while (size < 0 && errno == EINTR);
  // Not kept: it would be a writer of the pipe, whose end is awaited.
  Fd writer(reopen(gate_number, O_WRONLY | O_NONBLOCK));
  return size == 1 && writer.valid() && ::write(writer.get(), &byte, 1) == 1;
}

// Until init has executed its program or has ended: then nobody has the pipe for writing any more.
void wait_for_init() {
  struct pollfd waiting[2] = {{gate_number, 0, 0}, {fifo_number, POLLIN, 0}};
  for (;;) {
    if (poll(waiting, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents == 0) continue;
    if (!hand_on()) return;
    waiting[1].fd = -1;
  }
}

// Keeps the two descriptors and nothing else of the command: neither its lock nor its streams.
bool tidy(int fifo, int gate) {
  constexpr int above = gate_number + 1;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int kept[] = {fcntl(fifo, F_DUPFD_CLOEXEC, above), fcntl(gate, F_DUPFD_CLOEXEC, above)};
  if (kept[0] < 0 || kept[1] < 0) return false;
  for (int fd = 0; fd <= 2; fd++) {
    if (null >= 0)
      dup2(null, fd);
    else
      close(fd);
  }
  return dup2(kept[0], fifo_number) >= 0 && dup2(kept[1], gate_number) >= 0 && sys::close_range(above, ~0U, 0) == 0 &&
         chdir("/") == 0;
}

[[noreturn]] void relay(const Context &context) {
  setsid();
  restore_signals();
  // It ends when init does, not with who has called create.
  for (int number : stop_signals) signal(number, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_NAME, "veloci-relay");
  if (!tidy(context.relayed.get(), context.gate.get())) _exit(1);
  wait_for_init();
  bring_over(*context.report, *context.record);
  _exit(0);
}

} // namespace

void bring_over(const Record &report, Record &record) {
  Stage stage = record_stage(report);
  record_copy_stamps(record, report);
  if (stage == Stage::executing) record_set_stage(record, stage);
  if (stage != Stage::failed) return;
  RecordFailure failure = report.failure;
  uint32_t size = failure.detail_size < sizeof failure.detail ? failure.detail_size : 0;
  record_fail(record, static_cast<FailureKind>(failure.kind), failure.program, failure.index,
              Outcome::failed(failure.step, failure.err), Str{failure.detail, size});
}

int reopen(int fd, int flags) {
  TextOf<32> path;
  return ::open(path.add("/proc/self/fd/").add_signed(fd).c_str(), flags | O_CLOEXEC);
}

int take_gate(Context &context, int pidfd, Gate &gate) {
  Fd both(sys::pidfd_getfd(pidfd, fifo_fd)), report(sys::pidfd_getfd(pidfd, record_fd));
  if (!both.valid() || !report.valid()) return errno;
  // Whoever sees init may have put anything there: nothing is opened but a pipe without a name, and nothing is mapped
  // that somebody could cut off.
  struct statfs system;
  struct stat info;
  constexpr long pipe_magic = 0x50495045;
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW;
  bool is_pipe = fstatfs(both.get(), &system) == 0 && system.f_type == pipe_magic;
  int sealed = fcntl(report.get(), F_GET_SEALS);
  if (!is_pipe || sealed < 0 || (sealed & seals) != seals || fstat(report.get(), &info) != 0 ||
      info.st_size != sizeof(Record))
    return EBADF;
  gate.writer.reset(reopen(both.get(), O_WRONLY | O_NONBLOCK));
  gate.reader.reset(reopen(both.get(), O_RDONLY | O_NONBLOCK));
  if (!gate.writer.valid() || !gate.reader.valid()) return errno;
  void *memory = mmap(nullptr, sizeof(Record), PROT_READ, MAP_SHARED, report.get(), 0);
  if (memory == MAP_FAILED) return errno;
  context.report = static_cast<Record *>(memory);
  context.apart = true;
  return 0;
}

Outcome HostHandler::on(const StartRelay &) {
  if (!context_.relayed.valid()) return {};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Outcome::failed(step::start_relay::fork);
  Fd reader(ends[0]), writer(ends[1]);
  pid_t pid = fork();
  if (pid < 0) return Outcome::failed(step::start_relay::fork);
  if (pid == 0) relay(context_);
  context_.relayed.reset();
  context_.gate.reset();
  writer.reset();
  // It has let go of the container's lock when it has closed this.
  char unused;
  ssize_t size;
  do size = ::read(reader.get(), &unused, 1);
  while (size < 0 && errno == EINTR);
  return size == 0 ? Outcome::success() : Outcome::failed(step::start_relay::wait);
}

} // namespace veloci

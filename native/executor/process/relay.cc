#include "executor/process/relay.h"
#include "base/sys.h"
#include "executor/handler.h"
#include "executor/interrupt.h"
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace veloci {

namespace {

// What the process that waits needs besides two mappings.
constexpr int fifo_number = 3, release_number = 4;

// Hands the byte of start on. False when init is gone.
bool hand_on() {
  char byte;
  ssize_t size;
  do size = ::read(fifo_number, &byte, 1);
  while (size < 0 && errno == EINTR);
  return size == 1 && ::write(release_number, &byte, 1) == 1;
}

// Until init has executed its program or has ended: both close its end of the socket, and it never writes.
void wait_for_init() {
  struct pollfd waiting[2] = {{release_number, POLLIN, 0}, {fifo_number, POLLIN, 0}};
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
bool tidy(int fifo, int release) {
  constexpr int above = release_number + 1;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int kept[] = {fcntl(fifo, F_DUPFD_CLOEXEC, above), fcntl(release, F_DUPFD_CLOEXEC, above)};
  if (kept[0] < 0 || kept[1] < 0) return false;
  for (int fd = 0; fd <= 2; fd++) {
    if (null >= 0)
      dup2(null, fd);
    else
      close(fd);
  }
  return dup2(kept[0], fifo_number) >= 0 && dup2(kept[1], release_number) >= 0 &&
         sys::close_range(above, ~0U, 0) == 0 && chdir("/") == 0;
}

[[noreturn]] void relay(const Context &context) {
  setsid();
  restore_signals();
  // It ends when init does, not with who has called create.
  for (int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "veloci-relay");
  if (!tidy(context.relayed.get(), context.release.get())) _exit(1);
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

Outcome HostHandler::on(const StartRelay &) {
  if (!context_.relayed.valid()) return {};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Outcome::failed(step::start_relay::fork);
  Fd reader(ends[0]), writer(ends[1]);
  pid_t pid = fork();
  if (pid < 0) return Outcome::failed(step::start_relay::fork);
  if (pid == 0) relay(context_);
  context_.relayed.reset();
  context_.release.reset();
  writer.reset();
  // It has let go of the container's lock when it has closed this.
  char unused;
  ssize_t size;
  do size = ::read(reader.get(), &unused, 1);
  while (size < 0 && errno == EINTR);
  return size == 0 ? Outcome::success() : Outcome::failed(step::start_relay::wait);
}

} // namespace veloci

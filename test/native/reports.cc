// Whom the executor believes: whoever holds a process that joins may send any message in its name.
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "check.h"
#include "embedded/embedded.h"
#include "executor/handler.h"

// Nothing is started here.
const uint8_t veloci_init[] = {0};
const uint32_t veloci_init_size = 0;

using namespace veloci;

namespace {

// process.await, when somebody tells this pid.
Outcome await_reported(pid_t reported, Record &record) {
  Context context;
  context.record = context.report = &record;
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  context.socket.reset(pair[0]);
  Fd theirs(pair[1]), pidfd(sys::pidfd_open(reported, 0));
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::pid);
  header.pid = reported;
  CHECK(send_message(theirs.get(), header, {}, pidfd.get()));
  return HostHandler(context).on(ProcessAwait{});
}

void test_pids() {
  static Record record;
  Outcome stranger = await_reported(getppid(), record);
  CHECK(stranger.err == EBADMSG && record.pid == 0);
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  CHECK(await_reported(child, record).ok());
  CHECK(record.pid == child);
  kill(child, SIGKILL);
  CHECK(waitpid(child, nullptr, 0) == child);
}

} // namespace

int main() {
  test_pids();
  return test::failures == 0 ? 0 : 1;
}

#include "executor/seccomp/learner.h"
#include "executor/seccomp/capability_watch.h"
#include "base/architecture.h"
#include "base/packet.h"
#include "base/sys.h"
#include "wait/interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace veloci {

namespace {

constexpr int socket_number = 3;

void note_value(LearnedValues &known, uint64_t value) {
  if (known.many) return;
  for (uint32_t i = 0; i < known.count; i++) {
    if (known.values[i] == value) return;
  }
  if (known.count == LearnedValues::max)
    known.many = true;
  else
    known.values[known.count++] = value;
}

void note_call(LearnedTable &table, const seccomp_data &data) {
  uint32_t start = (data.arch * 31 + static_cast<uint32_t>(data.nr)) % LearnedTable::max;
  for (uint32_t i = 0; i < LearnedTable::max; i++) {
    LearnedCall &call = table.calls[(start + i) % LearnedTable::max];
    if (call.count == 0) {
      call.arch = data.arch;
      call.number = data.nr;
    }
    if (call.arch != data.arch || call.number != data.nr) continue;
    call.count++;
    note_value(call.arguments[0], data.args[0]);
    note_value(call.arguments[1], data.args[1]);
    return;
  }
}

// The listener comes with a message, which is empty but for its form.
int receive_listener() {
  char text[64];
  iovec part = {text, sizeof text};
  Fd listener;
  return receive_packet(socket_number, &part, 1, listener) > 0 ? listener.release() : -1;
}

bool runs_program(const seccomp_data &data) {
  return data.arch == native_architecture && (data.nr == SYS_execve || data.nr == SYS_execveat);
}

// Answers until no process is left under the filter.
void serve(int listener, LearnedTable &table, CapabilityWatch &watch, PathWatch *paths) {
  // What init does before its execve is not the program's.
  bool awaits_program = table.wants_capabilities;
  union {
    seccomp_notif call;
    char room[512];
  } request;
  union {
    seccomp_notif_resp answer;
    char room[512];
  } response;
  // Linux 6.6: the caller goes on at once, on our processor.
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  pollfd waiting = {listener, POLLIN, 0};
  for (;;) {
    if (poll(&waiting, 1, -1) < 0 && errno != EINTR) return;
    if ((waiting.revents & POLLIN) == 0) {
      if ((waiting.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;
      continue;
    }
    memset(&request, 0, sizeof request);
    // ENOENT: the caller was killed meanwhile.
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) continue;
    note_call(table, request.call.data);
    if (awaits_program && runs_program(request.call.data)) {
      awaits_program = false;
      table.capability_error = watch.begin(static_cast<pid_t>(request.call.pid));
    }
    watch.drain();
    if (paths != nullptr) paths->note(request.call);
    memset(&response, 0, sizeof response);
    response.answer.id = request.call.id;
    response.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}

[[noreturn]] void learn(int socket, LearnedTable &table, LearnedPaths *paths) {
  setsid();
  restore_signals();
  // Without it every process under the filter would stand still or fail: it ends with the last of them.
  for (int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "veloci-learn");
  if (dup2(socket, socket_number) < 0) _exit(1);
  sys::close_range(socket_number + 1, ~0U, 0);
  for (int fd = 0; fd < socket_number; fd++) close(fd);
  if (chdir("/") != 0) _exit(1);
  int listener = receive_listener();
  // On the stack it would take a page for each processor.
  static CapabilityWatch watch;
  if (listener >= 0) {
    PathWatch path_watch(paths, listener);
    serve(listener, table, watch, paths == nullptr ? nullptr : &path_watch);
  }
  watch.drain();
  if (watch.lost()) table.capability_error = EOVERFLOW;
  table.capabilities = watch.used();
  _exit(0);
}

} // namespace

Learner::~Learner() {
  if (table_ != nullptr) munmap(table_, sizeof *table_);
  if (paths_ != nullptr) munmap(paths_, sizeof *paths_);
}

int Learner::start(bool capabilities, bool paths) {
  auto share = [](size_t size) {
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
  };
  table_ = static_cast<LearnedTable *>(share(sizeof *table_));
  if (table_ == nullptr) return errno;
  if (paths) {
    paths_ = static_cast<LearnedPaths *>(share(sizeof *paths_));
    if (paths_ == nullptr) return errno;
    paths_->error = ENODATA; // until a program is executed
  }
  table_->wants_capabilities = capabilities;
  table_->capability_error = ENODATA; // until a program is executed
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  socket_.reset(pair[0]);
  Fd theirs(pair[1]);
  pid_ = fork();
  if (pid_ < 0) return errno;
  if (pid_ == 0) learn(theirs.get(), *table_, paths_);
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  return pidfd_.valid() ? 0 : errno;
}

bool Learner::await(int milliseconds) {
  socket_.reset();
  pollfd ended = {pidfd_.get(), POLLIN, 0};
  int ready;
  do ready = poll(&ended, 1, milliseconds);
  while (ready < 0 && errno == EINTR);
  if (ready > 0) waitpid(pid_, nullptr, 0);
  return ready > 0;
}

} // namespace veloci

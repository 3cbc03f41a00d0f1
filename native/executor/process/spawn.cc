#include "executor/process/spawn.h"
#include "embedded/embedded.h"
#include "base/sys.h"
#include "executor/cgroup/freezer.h"
#include "wait/interrupt.h"
#include "process/process.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace veloci {

namespace {

constexpr int first_free_fd = 6;

struct Start {
  int program;
  int socket;
  int record;
  int fifo;
  uint32_t preserve;
  // Signals that are ignored.
  uint64_t ignored;
  int err;
};

// Puts `from`, which lies above all targets, to `to`.
bool place(int from, int to) { return dup2(from, to) >= 0; }

// The same for a preserved descriptor, which the caller may not have opened: then `to` is not open either. What is
// close-on-exec here is one of ours, since the caller's have survived an exec.
bool place_preserved(int from, int to) {
  int flags = fcntl(from, F_GETFD);
  if (flags >= 0 && (flags & FD_CLOEXEC) == 0) return place(from, to);
  ::close(to);
  return true;
}

// Runs in the memory of the parent, which waits: system calls only, and nothing of the parent's is changed but `start`.
int start_program(void *argument) {
  Start &start = *static_cast<Start *>(argument);
  auto fail = [&] {
    start.err = errno;
    return 127;
  };
  // Ours go out of the way of the table that the stager gets. By the system call: musl's fcntl(3) sets FD_CLOEXEC once
  // more.
  const int above = first_free_fd + static_cast<int>(start.preserve);
  auto lift = [&](int fd) {
    return fd >= above ? fd : static_cast<int>(syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, above));
  };
  int program = lift(start.program), socket = lift(start.socket), record = lift(start.record);
  int fifo = start.fifo >= 0 ? lift(start.fifo) : -1;
  if (program < 0 || socket < 0 || record < 0 || (start.fifo >= 0 && fifo < 0)) return fail();
  // 3.. become 6..: from the top, since they overlap.
  for (int i = static_cast<int>(start.preserve) - 1; i >= 0; i--) {
    if (!place_preserved(3 + i, first_free_fd + i)) return fail();
  }
  if (!place(socket, 3) || !place(record, 4)) return fail();
  if (fifo >= 0 && !place(fifo, 5)) return fail();
  if (fifo < 0) ::close(5);
  if (sys::close_range(static_cast<unsigned>(above), ~0U, sys::close_range_cloexec) != 0) {
    if (errno != EINVAL && errno != ENOSYS) return fail();
    // Before Linux 5.11: close all but the program.
    if (program > above && sys::close_range(static_cast<unsigned>(above), static_cast<unsigned>(program) - 1, 0) != 0)
      return fail();
    if (sys::close_range(static_cast<unsigned>(program) + 1, ~0U, 0) != 0) return fail();
  }
  restore_signals(start.ignored);
  char name[] = "init";
  char *const args[] = {name, nullptr};
  char *const environment[] = {nullptr};
  sys::execveat(program, "", args, environment, AT_EMPTY_PATH);
  return fail();
}

Outcome make_program(Fd &program) {
  constexpr unsigned flags = sys::memfd_cloexec | sys::memfd_allow_sealing;
  int fd = sys::memfd_create("veloci-init", flags | sys::memfd_exec);
  // Before Linux 6.3 there is no MFD_EXEC: every memfd can be executed.
  if (fd < 0 && errno == EINVAL) fd = sys::memfd_create("veloci-init", flags);
  if (fd < 0) return Outcome::failed(step::process_spawn::memfd);
  program.reset(fd);
  for (uint32_t done = 0; done < veloci_init_size;) {
    ssize_t count = ::write(fd, veloci_init + done, veloci_init_size - done);
    if (count < 0) return Outcome::failed(step::process_spawn::memfd);
    done += static_cast<uint32_t>(count);
  }
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return Outcome::failed(step::process_spawn::seal);
  }
  return {};
}

void end_child(Context &context, Child &child) {
  if (child.pid <= 0) return;
  if (child.pidfd.valid())
    sys::pidfd_send_signal(child.pidfd.get(), SIGKILL);
  else
    kill(child.pid, SIGKILL); // our own child, not yet waited for: the number is still its own
  if (!reap_child(child.pid, wait_limit)) context.process_remains = true;
  child.pid = -1;
  child.pidfd.reset();
}

// Whether init will make the process that goes on in its place.
bool makes_another(const Context &context) {
  Program program;
  if (context.init.pid <= 0 || context.entered || !context.plan.find(ProgramName::init, program)) return false;
  for (const OpRecord &op : program) {
    if (op.code == code::process_enter) return true;
  }
  return false;
}

// Lets what makes another process come to its end: it may have made it already and not reported it yet. Waiting for us
// it sees the end of the socket.
void await_maker(Context &context) {
  const Child &maker = makes_another(context) ? context.init : context.stager;
  if (maker.pid <= 0 || (context.init.pid > 0 && &maker != &context.init)) return;
  constexpr int time_limit = 1000;
  shutdown(context.socket.get(), SHUT_WR);
  Fd pidfd(sys::pidfd_open(maker.pid, 0));
  if (!pidfd.valid() || !pidfd_wait(pidfd.get(), time_limit)) return;
  Message message;
  Fd fd;
  struct pollfd readable {
    context.socket.get(), POLLIN, 0
  };
  while (poll(&readable, 1, 0) > 0 && receive_message(context.socket.get(), message, fd) == Received::message) {
    if (message.kind() != MessageType::pid || !fd.valid() || !is_our_child(message.pid)) continue;
    take_init(context, message.pid, static_cast<Fd &&>(fd));
    await_maker(context);
    return;
  }
}

} // namespace

void end_children(Context &context) {
  await_maker(context);
  context.socket.reset();
  leave_freezer(context);
  end_child(context, context.stager);
  end_child(context, context.init);
}

bool is_our_child(pid_t pid) {
  siginfo_t info;
  return pid > 1 && waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

void take_init(Context &context, pid_t pid, Fd pidfd) {
  context.entered = context.init.pid > 0;
  if (context.entered) {
    reap_stager(context);
    context.stager.pid = context.init.pid;
  }
  context.init.pid = pid;
  context.init.pidfd = static_cast<Fd &&>(pidfd);
}

void reap_stager(Context &context) {
  if (context.stager.pid <= 0) return;
  // What somebody has stopped must not keep us.
  if (!reap_child(context.stager.pid, wait_limit)) return end_child(context, context.stager);
  context.stager.pid = -1;
}

Outcome spawn_stager(Context &context) {
  Fd program;
  if (Outcome outcome = make_program(program); !outcome.ok()) return outcome;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return Outcome::failed(step::process_spawn::socket);
  }
  context.socket.reset(pair[0]);
  Fd theirs(pair[1]);
  if (!context.undo.push([](Context &started, const void *) { end_children(started); })) {
    return Outcome::failed(step::process_spawn::exec);
  }
  Start start{program.get(),
              theirs.get(),
              (context.report_file.valid() ? context.report_file : context.record_file).get(),
              context.fifo.get(),
              context.preserve,
              ignored_signals(),
              0};
  constexpr size_t stack_size = 16384;
  alignas(16) uint8_t stack[stack_size]; // this process waits meanwhile
  int pid = clone(start_program, stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  if (pid < 0) return Outcome::failed(step::process_spawn::exec);
  context.stager.pid = pid;
  if (start.err == 0) return {};
  reap_stager(context);
  return Outcome::failed(step::process_spawn::exec, start.err);
}

} // namespace veloci

#include "hook/hook.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/sys.h"
#include "plan/vector.h"

namespace veloci {
namespace {

namespace steps = step::hook_run;

constexpr int last_signal = 64;

// Milliseconds that a hook which was killed may take to end. One that hangs in the kernel is left behind.
constexpr int killed_limit = 10000;

struct Pipe {
  Fd read, write;
  bool make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

bool nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

// Where the hook's output goes.
struct Streams {
  int input, output, errors;
};

// A file that output is appended to. Never a link that somebody has put there.
bool open_log(const Optional<Str> &path, Fd &file) {
  if (!path) return true;
  file.reset(open(path.value.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  return file.valid();
}

// Enters namespaces of init, and becomes root there. The system calls themselves: libc's functions would look for
// threads.
bool enter(int init, uint32_t types) {
  if (types == 0) return true;
  if (sys::setns(init, types) < 0) return false;
  if ((types & sys::clone_newuser) == 0) return true;
  syscall(SYS_setgroups, 0, nullptr); // it may be denied there
  return syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0;
}

// What the child is to become, and how that failed. It runs in our memory until its execve, which may hang for as long
// as the file system of the program likes: we do not wait for it as vfork(2) would.
struct Start {
  const HookRun &op;
  char **argv, **envp;
  Streams streams;
  int init;
  volatile int err;
};

// The child's part: system calls only.
int become_hook(void *argument) {
  Start &start = *static_cast<Start *>(argument);
  const HookRun &op = start.op;
  setpgid(0, 0);
  for (int number = 1; number <= last_signal; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const Streams &streams = start.streams;
  bool placed = dup2(streams.input, 0) == 0 && dup2(streams.output, 1) == 1 && dup2(streams.errors, 2) == 2;
  // Everything else goes, also what somebody has handed us without close-on-exec.
  placed = placed && enter(start.init, op.enter);
  if (placed && sys::close_range(3, ~0u, sys::close_range_cloexec) < 0) sys::close_range(3, ~0u, 0);
  if (placed && (!op.cwd || chdir(op.cwd.value.c_str()) == 0)) execve(op.path.c_str(), start.argv, start.envp);
  start.err = errno;
  return 127;
}

// A running hook: its state goes in, its words come out.
class Running {
public:
  Running(int pidfd, pid_t pid, const Start &start, Fd &input, Fd &output, Str state, Text &words, HookStop &stop)
      : pidfd_(pidfd), pid_(pid), start_(start), input_(input), output_(output), state_(state), words_(words),
        stop_(stop) {}

  Outcome finish(uint32_t seconds) {
    int64_t end = seconds ? monotonic_milliseconds() + static_cast<int64_t>(seconds) * 1000 : 0;
    if (state_.empty()) input_.reset();
    for (;;) {
      int timeout = -1;
      if (end != 0) {
        int64_t time = monotonic_milliseconds();
        if (time >= end) return give_up(steps::timeout, ETIMEDOUT);
        timeout = end - time > 60000 ? 60000 : static_cast<int>(end - time);
      }
      if (int next = stop_.pass == nullptr ? -1 : stop_.pass(stop_.passing);
          next >= 0 && (timeout < 0 || next < timeout))
        timeout = next;
      pollfd fds[] = {
          {pidfd_, POLLIN, 0}, {input_.get(), POLLOUT, 0}, {output_.get(), POLLIN, 0}, {stop_.fd, POLLIN, 0}};
      if (poll(fds, 4, timeout) < 0) {
        if (errno == EINTR) continue;
        return give_up(steps::wait, errno);
      }
      if (fds[1].revents) feed();
      if (fds[2].revents) listen();
      if (fds[0].revents) return reap();
      if (fds[3].revents && stop_.asked(stop_.of)) return give_up(steps::wait, EINTR);
    }
  }

private:
  // Gives more of the state. A hook that does not want it is no error.
  void feed() {
    ssize_t written = ::write(input_.get(), state_.data, state_.size);
    if (written < 0 && errno != EPIPE) return; // there is room again later
    if (written > 0) {
      state_.data += written;
      state_.size -= static_cast<uint32_t>(written);
    }
    if (written < 0 || state_.empty()) input_.reset();
  }

  // Takes what there is; what does not fit is read all the same, so that the hook never blocks on it.
  bool listen() {
    char more[1024];
    ssize_t count = ::read(output_.get(), more, sizeof more);
    if (count > 0) words_.add(more, static_cast<size_t>(count));
    if (count == 0) output_.reset();
    return count > 0;
  }

  Outcome reap() {
    // The hook is gone; a process that it has left behind may keep its output open and go on writing.
    for (int i = 0; i < 64 && output_.valid() && listen(); i++) {
    }
    siginfo_t info = {};
    int waited;
    do waited = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
    while (waited < 0 && errno == EINTR);
    if (waited < 0) return Outcome::failed(steps::wait);
    if (start_.err != 0) return Outcome::failed(steps::execve, start_.err);
    if (info.si_code != CLD_EXITED) return Outcome::failed(steps::signal, info.si_status);
    return info.si_status == 0 ? Outcome::success() : Outcome::failed(steps::exit, info.si_status);
  }

  Outcome give_up(int step, int err) {
    // Not yet reaped: the number is still its own. Its group may not be there yet.
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    pollfd gone = {pidfd_, POLLIN, 0};
    int ended;
    do ended = poll(&gone, 1, killed_limit);
    while (ended < 0 && errno == EINTR);
    if (ended > 0)
      reap();
    else
      stop_.remains = true;
    return Outcome::failed(step, err);
  }

  int pidfd_;
  pid_t pid_;
  const Start &start_;
  Fd &input_, &output_;
  Str state_;
  Text &words_;
  HookStop &stop_;
};

// SIGPIPE off while the state is written.
class QuietPipe {
public:
  QuietPipe() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~QuietPipe() { sigaction(SIGPIPE, &before_, nullptr); }

private:
  struct sigaction before_;
};

} // namespace

Outcome run_hook(const HookRun &op, const HoleValues &values, Text &output, HookStop &stop, char **process_env,
                 int init) {
  output.clear();
  Pages memory;
  Str state;
  Vector argv, envp;
  Pipe in, out;
  if (!fill(op.state, values, memory, state) || !argv.fill(op.args, 1) || !envp.fill(op.env)) {
    return Outcome::failed(steps::pipe);
  }
  if (argv.size() == 0) argv.add(op.path.c_str());
  if (!in.make() || !out.make() || !nonblocking(in.write.get()) || !nonblocking(out.read.get()))
    return Outcome::failed(steps::pipe);
  Fd output_file, error_file;
  if (!open_log(op.output_file, output_file) || !open_log(op.error_file, error_file))
    return Outcome::failed(steps::log);
  Streams streams = {in.read.get(), output_file.valid() ? output_file.get() : out.write.get(),
                     error_file.valid() ? error_file.get() : out.write.get()};
  Start start{op, argv.data(), op.process_env && process_env != nullptr ? process_env : envp.data(), streams, init, 0};
  // Killed, it never comes back from the kernel to what we have given up here.
  constexpr size_t stack_size = 16384;
  alignas(16) uint8_t stack[stack_size];
  int handle = -1;
  pid_t pid = clone(become_hook, stack + stack_size, CLONE_VM | CLONE_PIDFD | SIGCHLD, &start, &handle);
  if (pid < 0) return Outcome::failed(steps::fork);
  Fd pidfd(handle);
  in.read.reset();
  out.write.reset();
  QuietPipe quiet;
  return Running(handle, pid, start, in.write, out.read, state, output, stop).finish(op.timeout);
}

} // namespace veloci

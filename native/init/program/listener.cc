#include "init/program/listener.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/packet.h"
#include "base/sys.h"

#include "generated/plan.gen.h"

// musl's own, without the checks of clone(3), which refuses CLONE_THREAD.
extern "C" [[gnu::visibility("hidden")]] int __clone(int (*function)(void *), void *stack, int flags, void *argument,
                                                     ...);

namespace veloci {
namespace {

namespace steps = step::seccomp_load;

constexpr int pending = -2, refused = -1;
constexpr size_t stack_size = 16384;

struct Handover {
  int socket;
  Str state;
  // The listener, once there is one.
  int listener = pending;
  int error = 0;
  bool done = false;
};

int await_listener(Handover &handover) {
  for (;;) {
    int listener = __atomic_load_n(&handover.listener, __ATOMIC_ACQUIRE);
    if (listener != pending) return listener;
    // This one does not touch errno, which the other one may be using.
    timespec moment = {0, 20000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr);
  }
}

// The descriptor goes with the first part of the text.
int send_listener(const Handover &handover, int listener) {
  Str rest = handover.state;
  iovec part = {const_cast<char *>(rest.data), rest.size};
  for (int descriptor = listener;; descriptor = -1) {
    ssize_t sent = send_packet(handover.socket, &part, 1, descriptor);
    if (sent < 0) return errno;
    part.iov_base = static_cast<char *>(part.iov_base) + sent;
    part.iov_len -= static_cast<size_t>(sent);
    if (part.iov_len == 0) return 0;
  }
}

// The thread. It shares errno with the other one, which makes no system call meanwhile but the one that is waited for.
int hand_over(void *argument) {
  Handover &handover = *static_cast<Handover *>(argument);
  int listener = await_listener(handover);
  if (listener != refused) {
    handover.error = send_listener(handover, listener);
    syscall(SYS_close, listener);
  }
  syscall(SYS_close, handover.socket);
  __atomic_store_n(&handover.done, true, __ATOMIC_RELEASE);
  return 0;
}

// Waits without a system call. The other one always ends: its send has a time limit.
void await_end(const Handover &handover) {
  while (!__atomic_load_n(&handover.done, __ATOMIC_ACQUIRE)) {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  }
}

} // namespace

namespace {

// The thread may still be on its last instructions when load_notifying is left.
alignas(16) char stack[stack_size];
Handover handover;
// The process in place of a thread; 0 = none, below it the errno that there was in place of one.
int helper = 0;

// In the process: it ends with the one that has made it.
int wait_and_hand_over(void *parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == *static_cast<const pid_t *>(parent) ? hand_over(&handover) : 0;
}

} // namespace

void prepare_handover() {
  static pid_t self;
  self = getpid();
  helper = __clone(wait_and_hand_over, stack + stack_size, CLONE_VM | CLONE_FILES, &self);
}

Outcome load_notifying(const sock_fprog &program, uint32_t flags, int socket, Str state) {
  handover.socket = socket;
  handover.state = state;
  constexpr timeval limit = {10, 0};
  if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) return Outcome::failed(steps::send);
  constexpr int shared = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  int thread = helper == 0 ? __clone(hand_over, stack + stack_size, shared, &handover) : helper;
  if (thread < 0) return Outcome::failed(steps::helper, -thread);
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  int error = listener < 0 ? errno : 0;
  __atomic_store_n(&handover.listener, listener < 0 ? refused : static_cast<int>(listener), __ATOMIC_RELEASE);
  await_end(handover);
  if (helper > 0) sys::passing(SYS_wait4, helper, nullptr, __WALL, nullptr);
  if (listener < 0) return Outcome::failed(steps::seccomp, error);
  return handover.error == 0 ? Outcome::success() : Outcome::failed(steps::send, handover.error);
}

} // namespace veloci

#include "launcher/call/foreground.h"
#include "base/sys.h"
#include "executor/process/exit_status.h"
#include "executor/console/terminal.h"
#include "record/ending.h"
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace veloci {

namespace {

// Not for the process: what concerns only us.
bool is_forwarded(int signal) {
  return signal != SIGCHLD && signal != SIGURG && signal != SIGWINCH && signal != SIGPIPE;
}

class Foreground {
public:
  Foreground(Context &context, NotifyProxy *notify, Owner *owner) : context_(context), notify_(notify), owner_(owner) {}

  int wait(Signals &signals) {
    context_.witness.look(*context_.record);
    if (context_.console.valid()) relay_.start(static_cast<Fd &&>(context_.console));
    while (!reap()) {
      Relay::Poll master = relay_.master_poll(), input = relay_.input_poll(), output = relay_.output_poll();
      struct pollfd waiting[] = {
          {context_.init.pidfd.get(), POLLIN, 0},
          {signals.descriptor(), POLLIN, 0},
          {master.fd, master.events, 0},
          {input.fd, input.events, 0},
          {output.fd, output.events, 0},
          {notify_ != nullptr ? notify_->descriptor() : -1, POLLIN, 0},
          {context_.witness.descriptor(), POLLPRI, 0},
          {owner_ != nullptr ? owner_->descriptor() : -1, POLLIN, 0},
      };
      int ready = poll(waiting, 8, relay_.end_pause());
      if (ready < 0) continue;
      if (ready == 0) relay_.repeat_end();
      if (waiting[1].revents != 0) {
        while (int signal = signals.take()) on_signal(signal);
      }
      if (waiting[5].revents != 0) notify_->pump();
      if (waiting[6].revents != 0) context_.witness.look(*context_.record);
      if (waiting[7].revents != 0 && !heed_owner()) return 0;
      relay_.pump(waiting[2].revents, waiting[3].revents, waiting[4].revents);
    }
    // The last words of a program that has ended.
    if (notify_ != nullptr && notify_->active()) notify_->pump();
    relay_.drain(signals);
    return code_;
  }

private:
  // Waits for all children that have ended; true when init is one of them.
  bool reap() {
    for (;;) {
      siginfo_t info = {};
      struct rusage usage;
      // waitid(2) of the library has no place for the usage.
      if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | __WALL, &usage) != 0 || info.si_pid == 0)
        return context_.init.pid <= 0;
      if (info.si_pid == context_.stager.pid) context_.stager.pid = -1;
      if (info.si_pid != context_.init.pid) continue;
      context_.init.pid = -1;
      code_ = exit_code_of(info);
      if (int signal = record_reaped(*context_.record); info.si_code == CLD_EXITED && code_ == signal_base + signal) {
        info.si_code = CLD_KILLED;
        info.si_status = signal;
      }
      if (!context_.joins()) record_signal(*context_.record, info.si_code == CLD_EXITED ? 0 : info.si_status);
      if (owner_ != nullptr) owner_->keep_end(info, usage);
    }
  }

  void on_signal(int signal) {
    if (signal == SIGWINCH) relay_.resize();
    if (is_forwarded(signal)) send(signal);
  }

  void send(int signal) {
    if (!context_.joins()) record_sender(*context_.record, Sender::run, signal);
    if (signal == SIGKILL && owner_ != nullptr && !context_.joins()) kill_all();
    sys::pidfd_send_signal(context_.init.pidfd.get(), signal);
  }

  // What an owner ends is ended as a whole: as `kill` does it, where init's end does not take the others along, or
  // where init is frozen.
  void kill_all() {
    context_.signals = nullptr;
    context_.signal = SIGKILL;
    run_program(context_, ProgramName::kill);
    // A container that has just ended, for one.
    context_.failure.reported = false;
  }

  // False: the process lives on without us.
  bool heed_owner() {
    Wish wish;
    int signal = 0;
    while (owner_->take(wish, signal)) {
      if (wish == Wish::gone && owner_->detached()) return false;
      send(wish == Wish::signal ? signal : SIGKILL);
    }
    return true;
  }

  Context &context_;
  NotifyProxy *notify_;
  Owner *owner_;
  Relay relay_;
  int code_ = 0;
};

} // namespace

void become_subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int killed_before_start(const Context &context) {
  const PlanFailure &failure = context.failure;
  if (failure.reported || failure.err != ESRCH || failure.out_of_memory) return 0;
  siginfo_t info = {};
  // It has closed all that it had, so it is at its end.
  if (waitid(P_PID, static_cast<id_t>(context.init.pid), &info, WEXITED | WNOWAIT | __WALL) != 0) return 0;
  return info.si_code == CLD_EXITED ? 0 : exit_code_of(info);
}

int stay_with_init(Invocation &invocation, NotifyProxy *notify, Owner *owner) {
  Foreground foreground(invocation.context, notify, owner);
  return foreground.wait(invocation.signals);
}

} // namespace veloci

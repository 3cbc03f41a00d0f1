// --control-fd: the program that has started this command for itself, at the other end of a stream socket. It reads one
// JSON object a line (schema/protocol/control.schema.json: events, and the log), and answers with wishes of one byte.
// When its end is closed, whatever has ended it, the process goes along with it unless it has said otherwise.
#pragma once
#include "generated/protocol.gen.h"
#include "wait/interrupt.h"
#include "launcher/line/args.h"
#include "record/record.h"
#include <signal.h>
#include <sys/resource.h>

namespace veloci {

// What an owner asks for, by the byte that it sends.
enum class Wish : uint8_t {
  start = 's',        // start the program
  remove_ended = 'r', // remove the container as soon as it has ended
  remove = 'x',       // kill it if it runs, then remove it
  detach = 'd',       // let it live when the owner ends
  signal = 'k',       // followed by a byte: send this signal to the process
  gone = 0,           // the owner has ended; said once
};

class Owner {
public:
  // Takes the socket of --control-fd, if it is given.
  void open(const Arguments &arguments);
  bool present() const { return present_; }
  // For poll(2); -1 when there is none any more.
  int descriptor() const { return socket_.get(); }

  // The next wish; false when there is none now.
  bool take(Wish &wish, int &signal);
  // Waits for one. False when a signal asks the command to stop, or `pidfd` becomes readable.
  bool await(Signals &signals, int pidfd, Wish &wish, int &signal);

  // What has been wished for until now.
  bool detached() const { return detached_; }
  bool removes_ended() const { return removes_ended_; }
  bool gone() const { return !socket_.valid(); }

  // Says that the container is there, or that its program runs; a master of a terminal goes along to --console-fd.
  void note(ControlEvent event, int pid);
  void hand_over_console(Fd &master);
  // The writable layer of the container and its root, where it has them, go to --layer-fd; nothing of them stays here.
  void hand_over_layer(Fd &layer, Fd &view);
  // Lets go of the standard streams, which are the process's from now on: their readers see its end.
  void leave_streams();
  // Keeps how the process has ended, then says so.
  void keep_end(const siginfo_t &info, const struct rusage &usage) {
    end_ = info;
    usage_ = usage;
  }
  void note_end(EndReason reason);

private:
  template <class Fill> void send(Fill fill);

  Fd socket_, console_, layer_;
  bool present_ = false, detached_ = false, removes_ended_ = false, awaits_number_ = false;
  siginfo_t end_ = {};
  struct rusage usage_ = {};
};

} // namespace veloci

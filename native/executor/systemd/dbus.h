// A client of D-Bus that sends finished messages and reads no more of the answers than whether they are errors, and
// how a job of systemd has ended. D-Bus Specification: "Authentication Protocol", "Message Protocol".
#pragma once
#include "base/io.h"
#include "wait/interrupt.h"
#include "wait/progress.h"
#include "file/files.h"

namespace veloci {

class Dbus {
public:
  // `words` takes what the other side says of a failure; `signals` may be null.
  Dbus(Text &words, Signals *signals, uint32_t milliseconds);

  // Connects to a socket and authenticates as the user that we are. 0 or an errno; `authenticated` is the part
  // failed.
  int connect(Str path, bool &authenticated);

  // Sends one message. 0 or an errno.
  int send(Bytes message);

  enum class Answer : uint8_t { success, error, broken };
  // Waits for the answer to the message with this serial number. On `error` the words are `NAME: TEXT`, and `name` the
  // error's name; on `broken` errno is set. The job that the answer names is remembered.
  Answer await_answer(uint32_t serial, Text &name);

  // Waits for the end of the job that the last answer has named. 0 when it is done; EREMOTEIO when it has another
  // result, which the words say; or an errno.
  int await_job();

private:
  struct Header {
    uint8_t type = 0;
    uint32_t reply_serial = 0;
    Str member, error, signature;
    Bytes body;
  };
  int wait(short events);
  int read_exactly(uint8_t *to, size_t size);
  int read_line(Text &line);
  int receive(Header &header);
  void note_job(const Header &header);

  // The specification's own limit.
  static constexpr size_t message_max = 128 << 20;
  Text &words_;
  Signals *signals_;
  int64_t end_;
  Progress progress_{Str::of("systemd")};
  Fd socket_;
  Buffer message_;
  // Object path of the job that is awaited.
  TextOf<256> job_;
  // The last JobRemoved: it may come before the answer that names the job.
  TextOf<256> removed_;
  TextOf<64> result_;
};

} // namespace veloci

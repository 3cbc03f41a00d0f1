// Logs that are services: systemd's journal and syslog, one datagram for each message.
#pragma once
#include "base/types.h"

namespace veloci {

// Severity of a message (syslog(3)).
enum class Severity : uint8_t { error = 3, warning = 4, debug = 7 };

class LogService {
public:
  // Whether a text of --log names a service: `journald:NAME` or `syslog:NAME`.
  static bool is_named(Str text);

  // Connects to the service of such a text. Returns 0 or an errno.
  int open(Str text);
  bool valid() const { return socket_.valid(); }

  // Sends a message of one line, and its code if it has one. What the service does not take is lost: a runtime does
  // not wait for a log.
  void send(Severity severity, Str code, Str line) const;

private:
  Fd socket_;
  Str name_;
  bool is_journal_ = false;
};

} // namespace veloci

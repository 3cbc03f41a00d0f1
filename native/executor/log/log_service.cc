#include "executor/log/log_service.h"
#include "socket/unix_socket.h"
#include "executor/log/utf8.h"
#include <unistd.h>

namespace veloci {

namespace {

constexpr char journal_prefix[] = "journald:";
constexpr char syslog_prefix[] = "syslog:";

// Journal Native Protocol of systemd; RFC 3164, which every syslog daemon reads from this socket.
constexpr char journal_path[] = "/run/systemd/journal/socket";
constexpr char syslog_path[] = "/dev/log";

// LOG_DAEMON (syslog(3)).
constexpr unsigned facility = 3 << 3;

constexpr size_t longest_message = 8192;

bool begins(Str text, const char *prefix) {
  size_t size = strlen(prefix);
  return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

} // namespace

bool LogService::is_named(Str text) { return begins(text, journal_prefix) || begins(text, syslog_prefix); }

int LogService::open(Str text) {
  is_journal_ = begins(text, journal_prefix);
  uint32_t size = static_cast<uint32_t>(is_journal_ ? sizeof journal_prefix : sizeof syslog_prefix) - 1;
  name_ = text.size == size ? Str::of("veloci") : Str{text.data + size, text.size - size};
  return connect_unix(Str::of(is_journal_ ? journal_path : syslog_path), socket_, SOCK_DGRAM | SOCK_NONBLOCK);
}

void LogService::send(Severity severity, Str code, Str line) const {
  TextOf<longest_message> text;
  unsigned level = static_cast<unsigned>(severity);
  if (is_journal_) {
    text.add("PRIORITY=").add_number(level).add("\nSYSLOG_IDENTIFIER=");
    add_printable(text, name_, true);
    if (!code.empty()) text.add("\nVELOCI_CODE=").add(code);
    add_printable(text.add("\nMESSAGE="), line, true).add_char('\n');
  } else {
    add_printable(text.add_char('<').add_number(facility | level).add_char('>'), name_, true);
    add_printable(text.add_char('[').add_number(static_cast<unsigned>(getpid())).add("]: "), line, true);
  }
  ::send(socket_.get(), text.str().data, text.str().size, MSG_NOSIGNAL);
}

} // namespace veloci

#include "launcher/line/signal_name.h"
#include "base/io.h"
#include "launcher/line/suggest.h"
#include <signal.h>

namespace veloci {

namespace {

struct NamedSignal {
  const char *name;
  int number;
};

constexpr NamedSignal signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},     {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"IOT", SIGABRT},      {"BUS", SIGBUS},       {"FPE", SIGFPE},   {"KILL", SIGKILL},
    {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},
    {"TERM", SIGTERM}, {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"POLL", SIGIO},       {"PWR", SIGPWR},       {"SYS", SIGSYS},
};

// The kernel's own numbers: those of libc are shifted by what it uses itself.
constexpr int first_realtime = 34;
constexpr int last_signal = 64;

int parse_realtime(const char *name) {
  bool from_end = strncmp(name, "RTMAX", 5) == 0;
  if (!from_end && strncmp(name, "RTMIN", 5) != 0) return 0;
  const char *rest = name + 5;
  uint64_t distance = 0;
  if (*rest != 0) {
    if (*rest != (from_end ? '-' : '+')) return 0;
    if (!parse_number(Str::of(rest + 1), last_signal - first_realtime, distance)) return 0;
  }
  int number = from_end ? last_signal - static_cast<int>(distance) : first_realtime + static_cast<int>(distance);
  return number;
}

} // namespace

int parse_signal(Str text, Str &suggestion) {
  suggestion = {};
  uint64_t number = 0;
  if (parse_number(text, last_signal, number)) return static_cast<int>(number);
  TextOf<16> name;
  for (uint32_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    name.add_char(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  if (!name.complete()) return -1;
  const char *plain = strncmp(name.c_str(), "SIG", 3) == 0 ? name.c_str() + 3 : name.c_str();
  Suggestion near(Str::of(plain));
  for (const NamedSignal &known : signals) {
    if (strcmp(known.name, plain) == 0) return known.number;
    near.consider(known.name);
  }
  if (int realtime = parse_realtime(plain); realtime != 0) return realtime;
  suggestion = near.best();
  return -1;
}

void add_signal_name(Text &out, int signal) {
  for (const NamedSignal &known : signals) {
    if (known.number != signal) continue;
    out.add("SIG").add(known.name);
    return;
  }
  if (signal >= first_realtime && signal <= last_signal)
    out.add("SIGRTMIN+").add_signed(signal - first_realtime);
  else
    out.add("signal ").add_signed(signal);
}

} // namespace veloci

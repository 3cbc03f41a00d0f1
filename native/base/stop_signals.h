// The signals that ask a program to end.
#pragma once
#include <signal.h>

namespace veloci {

constexpr int stop_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

} // namespace veloci

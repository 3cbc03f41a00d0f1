// Another command of this program, run by the one that the caller has asked for.
#pragma once
#include "launcher/call/invocation.h"
#include "launcher/call/program.h"

namespace veloci {

using Verb = int (*)(Invocation &invocation);

// Runs another command in the place of this one, with the same state root. `document` is what it reads of standard
// input. Returns its exit code.
int run_nested(const Invocation &invocation, const Buffer *document, const char *const *words, int count, Verb run);

// Runs one in a process of its own, which changes nothing in this one; at most `limit` bytes of each of its outputs are
// taken. 0 or an errno.
int run_apart(const Invocation &invocation, const char *const *words, int count, Verb run, size_t limit,
              Printed &printed);

} // namespace veloci

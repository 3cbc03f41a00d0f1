// Facts about the host and the caller (schema/protocol/facts.schema.json).
#pragma once
#include "generated/protocol.gen.h"

namespace veloci {

struct FactsOptions {
  int root_fd = -1; // open state root, for the names in .cache/seccomp; -1: none
  uint32_t listen_fds = 0;
  bool delegation = false;         // also what the caller may do in its own cgroups; costs system calls
  int terminal_fd = STDERR_FILENO; // where messages go
  Str notify_socket;               // NOTIFY_SOCKET of the caller, when it is an absolute path
};

// Writes the facts. Missing ones get their neutral value. 0, or the errno of what cannot be found out: the
// capabilities, or the kernel's release. 64 KiB are enough for every usual host.
int host_facts(const FactsOptions &options, HostFactsWriter &facts);

// Whether we are in a user namespace that is not the initial one.
bool in_user_namespace();

// LISTEN_FDS of an environment, bounded to 0..1021 (sd_listen_fds(3)). LISTEN_PID must name this process, or
// 1, which is what podman passes on, or be absent.
uint32_t listen_fds_of(const char *const *environment);

} // namespace veloci

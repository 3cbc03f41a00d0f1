// Facts about the host and the caller, as the JSON text that src/host/facts.ts describes.
#pragma once
#include "base/types.h"

namespace veloci {

struct FactsOptions {
  int root_fd = -1; // open state root, for the names in .cache/seccomp; -1: none
  uint32_t listen_fds = 0;
  bool delegation = false; // also what the caller may do in its own cgroups; costs system calls
  Str notify_socket;       // NOTIFY_SOCKET of the caller, when it is an absolute path
};

// Writes the facts into `buffer`; the result is a view of it. Missing facts get their neutral value. An error only
// when the buffer is too small (ENOBUFS) or the capabilities cannot be read. 16 KiB are enough for every usual host.
int host_facts(const FactsOptions &options, char *buffer, size_t capacity, Str &text);

// Whether we are in a user namespace that is not the initial one.
bool in_user_namespace();

// LISTEN_FDS of an environment, bounded to 0..1021 (sd_listen_fds(3)). LISTEN_PID must name this process, or
// 1, which is what podman passes on, or be absent.
uint32_t listen_fds_of(const char *const *environment);

} // namespace veloci

// Seccomp filters by libseccomp: from rules to classic BPF.
#pragma once
#include "base/types.h"

namespace veloci {

struct SeccompArg {
  uint32_t index;     // 0 to 5
  uint32_t op;        // enum scmp_compare
  uint64_t value;
  uint64_t value_two; // for SCMP_CMP_MASKED_EQ
};

// Where and why a filter could not be built.
struct SeccompError {
  int err = 0;            // errno; 0: none
  const char *what = "";  // the step
};

// Builds one filter; see SeccompRules in src/engine/protocol.ts. Every call is a no-op after the first error.
class SeccompFilter {
public:
  // Actions are SCMP_ACT_* values.
  explicit SeccompFilter(uint32_t default_action);
  ~SeccompFilter();
  SeccompFilter(const SeccompFilter &) = delete;
  SeccompFilter &operator=(const SeccompFilter &) = delete;

  // Adds an architecture by libseccomp's name (`x86_64`, `x32`); the native one is always there.
  void add_architecture(const char *name);
  // Adds a rule. A name that libseccomp does not know, and a rule with the default action, are skipped.
  void add_rule(const char *syscall, uint32_t action, const SeccompArg *args, uint32_t count);
  // Compiles to struct sock_filter records; the bytes live as long as the filter.
  Bytes compile();

  const SeccompError &error() const { return error_; }

private:
  void fail(const char *what, int err);

  void *context_ = nullptr;
  void *program_ = nullptr;
  uint32_t default_action_;
  SeccompError error_;
};

// Number of a system call on the native architecture, or -1.
int syscall_number(const char *name);

// Version of libseccomp, as in `2.6.0`.
Str seccomp_library_version();

} // namespace veloci

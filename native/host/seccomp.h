// Seccomp filters by libseccomp: from rules to classic BPF.
#pragma once
#include "base/types.h"

namespace veloci {

struct SeccompArg {
  uint32_t index; // 0 to 5
  uint32_t op;    // enum scmp_compare
  uint64_t value;
  uint64_t value_two; // for SCMP_CMP_MASKED_EQ
};

// Where and why a filter could not be built.
struct SeccompError {
  int err = 0;           // errno; 0: none
  const char *what = ""; // the step
};

// What a filter is besides its rules.
struct SeccompOptions {
  // SCMP_ACT_* value.
  uint32_t default_action = 0;
  // Calls with numbers above the largest that the rules know return ENOSYS: they are newer than the rules.
  bool newer_missing = false;
  // A name that libseccomp does not know is an error.
  bool strict_names = false;
};

// Builds one filter; see SeccompRules in src/engine/protocol.ts. Every call is a no-op after the first error.
class SeccompFilter {
public:
  explicit SeccompFilter(const SeccompOptions &options);
  ~SeccompFilter();
  SeccompFilter(const SeccompFilter &) = delete;
  SeccompFilter &operator=(const SeccompFilter &) = delete;

  // Adds an architecture by libseccomp's name (`x86_64`, `x32`); the native one is always there. One that cannot be
  // here, for its byte order or since libseccomp does not know it yet, is skipped: it makes no calls.
  void add_architecture(const char *name);
  // Adds a rule. A name that libseccomp does not know, and a rule with the default action, are skipped.
  void add_rule(const char *syscall, uint32_t action, const SeccompArg *args, uint32_t count);
  // Compiles to struct sock_filter records; the bytes live as long as the filter.
  Bytes compile();

  const SeccompError &error() const { return error_; }

private:
  // The largest number of a call that the rules name.
  struct Architecture {
    uint32_t token = 0;
    uint32_t last = 0;
  };
  static constexpr uint32_t architecture_max = 32;

  void fail(const char *what, int err);
  void note_number(const char *syscall);
  size_t write_newer_missing(void *to) const;

  void *context_ = nullptr;
  void *program_ = nullptr;
  SeccompOptions options_;
  Architecture architectures_[architecture_max];
  uint32_t architecture_count_ = 0;
  char unknown_[64] = "";
  SeccompError error_;
};

// Number of a system call on the native architecture; below -1 when only others have it, -1 when libseccomp does not
// know it.
int syscall_number(const char *name);

// Version of libseccomp, as in `2.6.0`.
Str seccomp_library_version();

} // namespace veloci

#include "host/seccomp.h"

#include <seccomp.h>
#include <stdlib.h>

namespace veloci {
namespace {

// Everything up to notification (Linux 5.7) is older than the kernel floor. Told so, libseccomp does not probe: the
// planner's own filter would refuse the probes.
constexpr unsigned api_level = 6;
constexpr uint32_t binary_tree = 2;
constexpr uint32_t max_args = 6;

} // namespace

SeccompFilter::SeccompFilter(uint32_t default_action) : default_action_(default_action) {
  int status = seccomp_api_set(api_level);
  if (status < 0) fail("api level", -status);
  context_ = seccomp_init(default_action);
  if (context_ == nullptr) fail("default action", EINVAL);
  if (error_.err != 0) return;
  status = seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, binary_tree);
  if (status < 0) fail("optimization", -status);
}

SeccompFilter::~SeccompFilter() {
  if (context_ != nullptr) seccomp_release(context_);
  free(program_);
}

void SeccompFilter::fail(const char *what, int err) {
  if (error_.err == 0) error_ = {err, what};
}

void SeccompFilter::add_architecture(const char *name) {
  if (error_.err != 0) return;
  uint32_t token = seccomp_arch_resolve_name(name);
  if (token == 0) return fail("architecture", EINVAL);
  int status = seccomp_arch_add(context_, token);
  if (status < 0 && status != -EEXIST) fail("architecture", -status);
}

void SeccompFilter::add_rule(const char *syscall, uint32_t action, const SeccompArg *args, uint32_t count) {
  if (error_.err != 0 || action == default_action_) return;
  if (count > max_args) return fail("rule", EINVAL);
  int number = seccomp_syscall_resolve_name(syscall);
  if (number == __NR_SCMP_ERROR) return;
  scmp_arg_cmp compare[max_args];
  for (uint32_t i = 0; i < count; i++) {
    compare[i] = {args[i].index, static_cast<scmp_compare>(args[i].op), args[i].value, args[i].value_two};
  }
  int status = seccomp_rule_add_array(context_, action, number, count, compare);
  // A rule that is already there is no harm.
  if (status < 0 && status != -EEXIST) fail("rule", -status);
}

Bytes SeccompFilter::compile() {
  if (error_.err != 0) return {};
  size_t size = 0;
  int status = seccomp_export_bpf_mem(context_, nullptr, &size);
  if (status == 0) {
    program_ = malloc(size);
    status = program_ == nullptr ? -ENOMEM : seccomp_export_bpf_mem(context_, program_, &size);
  }
  if (status < 0) {
    fail("program", -status);
    return {};
  }
  return {static_cast<const uint8_t *>(program_), size};
}

int syscall_number(const char *name) {
  int number = seccomp_syscall_resolve_name(name);
  return number < 0 ? -1 : number;
}

Str seccomp_library_version() {
#define VELOCI_TEXT_OF(value) #value
#define VELOCI_TEXT(value) VELOCI_TEXT_OF(value)
  return Str::of(VELOCI_TEXT(SCMP_VER_MAJOR) "." VELOCI_TEXT(SCMP_VER_MINOR) "." VELOCI_TEXT(SCMP_VER_MICRO));
}

} // namespace veloci

#include "host/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#include "base/io.h"

namespace veloci {
namespace {

// Everything up to notification (Linux 5.7) is older than the kernel floor. Knowing that, libseccomp does not probe:
// the planner's own filter would refuse the probes.
constexpr unsigned api_level = 6;
constexpr uint32_t binary_tree = 2;
constexpr uint32_t max_args = 6;
constexpr uint32_t x32_bit = 0x40000000;

} // namespace

SeccompFilter::SeccompFilter(const SeccompOptions &options) : options_(options) {
  int status = seccomp_api_set(api_level);
  if (status < 0) fail("api level", -status);
  context_ = seccomp_init(options.default_action);
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
  if (token == 0) return;
  int status = seccomp_arch_add(context_, token);
  if (status == -EDOM) return;
  if (status < 0 && status != -EEXIST) return fail("architecture", -status);
  if (architecture_count_ == architecture_max) return fail("architecture", E2BIG);
  architectures_[architecture_count_++].token = token;
}

void SeccompFilter::add_rule(const char *syscall, uint32_t action, const SeccompArg *args, uint32_t count) {
  if (error_.err != 0) return;
  if (options_.newer_missing) note_number(syscall);
  if (action == options_.default_action && !options_.strict_names) return;
  if (count > max_args) return fail("rule", EINVAL);
  int number = seccomp_syscall_resolve_name(syscall);
  if (number == __NR_SCMP_ERROR) {
    if (!options_.strict_names) return;
    Text name(unknown_, sizeof unknown_);
    name.add("unknown system call ").add(syscall);
    return fail(unknown_, ENOENT);
  }
  if (action == options_.default_action) return;
  scmp_arg_cmp compare[max_args];
  for (uint32_t i = 0; i < count; i++) {
    compare[i] = {args[i].index, static_cast<scmp_compare>(args[i].op), args[i].value, args[i].value_two};
  }
  int status = seccomp_rule_add_array(context_, action, number, count, compare);
  // A rule that is already there is no harm.
  if (status < 0 && status != -EEXIST) fail("rule", -status);
}

void SeccompFilter::note_number(const char *syscall) {
  for (uint32_t i = 0; i < architecture_count_; i++) {
    Architecture &architecture = architectures_[i];
    int number = seccomp_syscall_resolve_name_arch(architecture.token, syscall);
    if (number > 0 && static_cast<uint32_t>(number) > architecture.last)
      architecture.last = static_cast<uint32_t>(number);
  }
}

// What stands before the filter: for each architecture a comparison with the last number. Counts bytes without a place.
size_t SeccompFilter::write_newer_missing(void *to) const {
  if (!options_.newer_missing) return 0;
  constexpr sock_filter load_architecture = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  constexpr sock_filter load_number = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  constexpr sock_filter missing = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  constexpr uint32_t section = 7; // instructions, with x32
  sock_filter code[1 + architecture_max * section];
  uint32_t x32 = 0;
  for (uint32_t i = 0; i < architecture_count_; i++) {
    if (architectures_[i].token == SCMP_ARCH_X32) x32 = architectures_[i].last;
  }
  uint32_t size = 0, jumps[architecture_max], jump_count = 0;
  code[size++] = load_architecture;
  for (uint32_t i = 0; i < architecture_count_; i++) {
    const Architecture &architecture = architectures_[i];
    // Calls of x32 have the architecture of x86-64, and numbers from X32_SYSCALL_BIT on.
    if (architecture.last == 0 || architecture.token == SCMP_ARCH_X32) continue;
    bool x86 = architecture.token == SCMP_ARCH_X86_64;
    uint8_t length = x86 ? (x32 != 0 ? 6 : 5) : 4;
    code[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture.token, 0, length);
    code[size++] = load_number;
    if (x86 && x32 != 0) {
      code[size++] = BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 1, 0);
      code[size++] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, architecture.last, 1, 2);
      code[size++] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, x32, 0, 1);
    } else {
      if (x86) code[size++] = BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0);
      code[size++] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, architecture.last, 0, 1);
    }
    code[size++] = missing;
    jumps[jump_count++] = size;
    code[size++] = BPF_STMT(BPF_JMP | BPF_JA, 0);
  }
  for (uint32_t i = 0; i < jump_count; i++) code[jumps[i]].k = size - jumps[i] - 1;
  if (to != nullptr) memcpy(to, code, size * sizeof(sock_filter));
  return size * sizeof(sock_filter);
}

Bytes SeccompFilter::compile() {
  if (error_.err != 0) return {};
  size_t size = 0;
  int status = seccomp_export_bpf_mem(context_, nullptr, &size);
  size_t before = write_newer_missing(nullptr);
  if (status == 0) {
    program_ = malloc(before + size);
    status =
        program_ == nullptr ? -ENOMEM : seccomp_export_bpf_mem(context_, static_cast<char *>(program_) + before, &size);
  }
  if (status == 0) write_newer_missing(program_);
  size += before;
  if (status == 0 && size > BPF_MAXINSNS * sizeof(sock_filter)) status = -E2BIG;
  if (status < 0) {
    fail("program", -status);
    return {};
  }
  return {static_cast<const uint8_t *>(program_), size};
}

int syscall_number(const char *name) { return seccomp_syscall_resolve_name(name); }

Str seccomp_library_version() {
#define VELOCI_TEXT_OF(value) #value
#define VELOCI_TEXT(value) VELOCI_TEXT_OF(value)
  return Str::of(VELOCI_TEXT(SCMP_VER_MAJOR) "." VELOCI_TEXT(SCMP_VER_MINOR) "." VELOCI_TEXT(SCMP_VER_MICRO));
}

} // namespace veloci

#include "launcher/door/audit.h"
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr int x32_bit = 0x40000000;

// The kernel's log counts in the pids of the initial namespace, whose inode is fixed (PROC_PID_INIT_INO).
bool in_initial_pids() {
  constexpr ino_t initial = 0xeffffffc;
  struct stat status;
  return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == initial;
}

// The number behind ` KEY=` in a record; false when there is none.
bool find_field(const char *record, const char *key, int base, uint64_t &value) {
  const char *place = strstr(record, key);
  if (place == nullptr) return false;
  char *end = nullptr;
  value = strtoull(place + strlen(key), &end, base);
  return end != place + strlen(key);
}

// Whether a record of /dev/kmsg is about this process, and no older. Its head is PRIORITY,NUMBER,MICROSECONDS,...;
bool is_about(const char *record, int pid, int64_t since) {
  const char *text = strchr(record, ';');
  const char *comma = strchr(record, ',');
  const char *time = comma != nullptr ? strchr(comma + 1, ',') : nullptr;
  if (text == nullptr || time == nullptr || strncmp(text + 1, "audit: type=1326 ", 17) != 0) return false;
  // The clock of the log may be a little behind.
  constexpr int64_t slack = 50000;
  if (strtoll(time + 1, nullptr, 10) + slack < since / 1000) return false;
  uint64_t number = 0;
  return find_field(text, " pid=", 10, number) && number == static_cast<uint64_t>(pid);
}

} // namespace

char *name_of_call(uint32_t arch, int number, const char *&table) {
  uint32_t token = 0;
  switch (arch) {
  case AUDIT_ARCH_X86_64:
    table = (number & x32_bit) != 0 ? "SCMP_ARCH_X32" : "SCMP_ARCH_X86_64";
    token = (number & x32_bit) != 0 ? SCMP_ARCH_X32 : SCMP_ARCH_X86_64;
    break;
  case AUDIT_ARCH_I386: table = "SCMP_ARCH_X86", token = SCMP_ARCH_X86; break;
  case AUDIT_ARCH_AARCH64: table = "SCMP_ARCH_AARCH64", token = SCMP_ARCH_AARCH64; break;
  case AUDIT_ARCH_ARM: table = "SCMP_ARCH_ARM", token = SCMP_ARCH_ARM; break;
  default: return nullptr;
  }
  return seccomp_syscall_resolve_num_arch(token, number);
}

bool find_refused_call(int pid, int64_t since, Text &name) {
  if (!in_initial_pids()) return false;
  Fd log(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!log.valid()) return false;
  char record[2048];
  bool known = false;
  uint64_t arch = 0, number = 0;
  for (;;) {
    ssize_t size = ::read(log.get(), record, sizeof record - 1);
    // Records were overwritten meanwhile: it goes on with the oldest that is left.
    if (size < 0 && errno == EPIPE) continue;
    if (size <= 0) break;
    record[size] = 0;
    if (!is_about(record, pid, since)) continue;
    known = find_field(record, " arch=", 16, arch) && find_field(record, " syscall=", 10, number);
  }
  if (!known) return false;
  const char *table;
  char *text = name_of_call(static_cast<uint32_t>(arch), static_cast<int>(number), table);
  if (text == nullptr)
    name.add("number ").add_number(number);
  else
    name.add(text);
  free(text);
  return true;
}

} // namespace veloci

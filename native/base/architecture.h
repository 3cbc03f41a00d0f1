// The machine that this is built for, as filters of system calls name it.
#pragma once
#include <linux/audit.h>
#include <stdint.h>

namespace veloci {

#if defined(__x86_64__)
constexpr uint32_t native_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t native_architecture = AUDIT_ARCH_AARCH64;
#else
#error "unknown architecture"
#endif

} // namespace veloci

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/sys.h"
#include "init/init.h"
#include "init/program/listener.h"

namespace veloci {
namespace {

constexpr off_t filter_max = BPF_MAXINSNS * sizeof(sock_filter);

// Makes all permitted capabilities effective.
bool raise_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return false;
  for (__user_cap_data_struct &part : data) part.effective = part.permitted;
  return syscall(SYS_capset, &header, data) == 0;
}

} // namespace

// Maps the filter, so that its descriptor need not stay open until the container's program is about to run.
bool Init::load_filter(Slot slot) {
  Filter &filter = filters_[slot.number];
  Fd &file = shared_.slots[slot.number];
  if (filter.instructions != nullptr) return true;
  struct stat status;
  if (fstat(file.get(), &status) < 0) return false;
  if (status.st_size <= 0 || status.st_size > filter_max || status.st_size % sizeof(sock_filter) != 0) {
    errno = ENOEXEC;
    return false;
  }
  filter.size = static_cast<size_t>(status.st_size);
  void *memory = mmap(nullptr, filter.size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) return false;
  filter.instructions = memory;
  file.reset();
  return true;
}

// Takes the connection out of its slot, so that it outlives cwd.enter, and maps the text.
bool Init::keep_listener(const SeccompLoad &op) {
  if (!op.listener || listener_.valid()) return true;
  Fd &file = shared_.slots[op.state.value.number];
  struct stat status;
  if (!op.state || fstat(file.get(), &status) < 0 || status.st_size <= 0 || status.st_size > UINT32_MAX) return false;
  void *memory = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) return false;
  listener_state_ = {static_cast<const char *>(memory), static_cast<uint32_t>(status.st_size)};
  file.reset();
  listener_ = static_cast<Fd &&>(shared_.slots[op.listener.value.number]);
  return true;
}

// For every seccomp.load of the program whose filter is here already; what is wrong with it shows there.
void Init::load_filters() {
  if (!program_has(code::seccomp_load)) return;
  for (const OpRecord &record : program_) {
    SeccompLoad op;
    Reader reader(record.body);
    if (record.code == code::seccomp_load && read(reader, op)) {
      load_filter(op.slot);
      keep_listener(op);
    }
  }
}

Outcome Init::on(const SeccompLoad &op) {
  namespace at = step::seccomp_load;
  if (!load_filter(op.slot) || !keep_listener(op)) return Outcome::failed(at::read);
  // The filter may forbid what follows it; after it there should be nothing but execve.
  if (!arrange_descriptors() || !prepare_program()) return Outcome::failed(at::read);
  if (op.raise && !raise_capabilities()) return Outcome::failed(at::seccomp);
  Filter &filter = filters_[op.slot.number];
  sock_fprog program = {
      static_cast<unsigned short>(filter.size / sizeof(sock_filter)),
      static_cast<sock_filter *>(filter.instructions),
  };
  if (op.listener) return load_notifying(program, op.flags, listener_.release(), listener_state_);
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, op.flags, &program);
  if (result < 0) return Outcome::failed(at::seccomp);
  return Outcome::success();
}

} // namespace veloci

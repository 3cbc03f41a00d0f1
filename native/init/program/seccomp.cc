#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/architecture.h"
#include "base/sys.h"
#include "init/init.h"
#include "init/program/listener.h"

namespace veloci {
namespace {

constexpr off_t filter_max = BPF_MAXINSNS * sizeof(sock_filter);

// What is called between the filter and execve, by the process that makes the one that is seen, and by that one.
constexpr uint32_t passing_calls[] = {SYS_sendmsg, SYS_recvmsg, SYS_futex, SYS_exit_group,
                                      SYS_wait4,   SYS_setsid,  SYS_ioctl, SYS_getpid,
                                      SYS_close,   SYS_madvise, SYS_read,  SYS_clock_gettime};
constexpr uint32_t clone_flags = static_cast<uint32_t>(sys::clone_parent | sys::clone_pidfd);
constexpr uint8_t call_count = sizeof passing_calls / sizeof *passing_calls;
// Instructions of the numbers, and of all that comes before the filter.
constexpr uint8_t key_size = 9;
constexpr uint8_t pass_size = call_count + 6 + key_size;

// Offset of the lower half of an argument, little-endian.
constexpr uint32_t argument(unsigned index) { return offsetof(seccomp_data, args) + 8 * index; }

constexpr sock_filter load(uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
constexpr sock_filter compare(uint32_t value, uint8_t equal, uint8_t other) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, equal, other);
}

// Lets those calls pass whose last two arguments are the numbers, and leaves all others to what follows. Calls are
// looked at first: the kernel remembers what a filter always allows by the number of the call alone.
void write_pass(sock_filter *code, sys::Pass pass) {
  uint8_t count = 0;
  auto remaining = [&] { return static_cast<uint8_t>(pass_size - count - 1); };
  auto add = [&](sock_filter instruction) { code[count++] = instruction; };
  add(load(offsetof(seccomp_data, arch)));
  add(compare(native_architecture, 0, remaining()));
  add(load(offsetof(seccomp_data, nr)));
  for (uint32_t call : passing_calls) add(compare(call, static_cast<uint8_t>(remaining() - key_size), 0));
  add(compare(SYS_clone, 0, remaining()));
  add(load(argument(0)));
  add(compare(clone_flags, 0, remaining()));
  uint64_t numbers[] = {static_cast<uint64_t>(pass.first), static_cast<uint64_t>(pass.second)};
  for (unsigned i = 0; i < 2; i++) {
    for (unsigned half = 0; half < 2; half++) {
      add(load(argument(4 + i) + 4 * half));
      add(compare(static_cast<uint32_t>(numbers[i] >> 32 * half), 0, remaining()));
    }
  }
  add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

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

// Puts the calls that follow before the filter, in `memory`: they pass by two numbers that nobody else knows.
bool Init::let_pass(Filter &filter, Pages &memory) {
  sys::Pass numbers;
  constexpr size_t extra = pass_size * sizeof(sock_filter);
  if (syscall(SYS_getrandom, &numbers, sizeof numbers, 0) != static_cast<long>(sizeof numbers)) return false;
  if (!memory.allocate(extra + filter.size)) return false;
  write_pass(memory.data<sock_filter>(), numbers);
  memcpy(memory.data<uint8_t>() + extra, filter.instructions, filter.size);
  filter = {memory.data(), extra + filter.size};
  sys::pass = numbers;
  return true;
}

// Whether a listener comes before process.enter: then no thread can be made any more.
bool Init::hands_listener_over() const {
  for (const OpRecord &record : program_) {
    SeccompLoad op;
    Reader reader(record.body);
    if (record.code == code::process_enter) return false;
    if (record.code == code::seccomp_load && read(reader, op)) return op.listener.present;
  }
  return false;
}

Outcome Init::on(const SeccompLoad &op) {
  namespace steps = step::seccomp_load;
  if (!load_filter(op.slot) || !keep_listener(op)) return Outcome::failed(steps::read);
  // The filter may forbid what follows it; after it there should be nothing but execve.
  if (!arrange_descriptors() || !prepare_program()) return Outcome::failed(steps::read);
  if (op.raise && !raise_capabilities()) return Outcome::failed(steps::seccomp);
  Filter filter = filters_[op.slot.number];
  Pages memory;
  if (op.pass && !let_pass(filter, memory)) return Outcome::failed(steps::read);
  sock_fprog program = {
      static_cast<unsigned short>(filter.size / sizeof(sock_filter)),
      static_cast<sock_filter *>(filter.instructions),
  };
  if (op.listener) return load_notifying(program, op.flags, listener_.release(), listener_state_);
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, op.flags, &program);
  if (result < 0) return Outcome::failed(steps::seccomp);
  return Outcome::success();
}

} // namespace veloci

#include "executor/seccomp/capability_watch.h"
#include "base/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace veloci {

namespace {

constexpr unsigned admin = 21;        // CAP_SYS_ADMIN
constexpr size_t ring_data = 1 << 16; // behind one page, and one page at least: the largest have 64 KB
// Each memory mapping asks for CAP_SYS_ADMIN, only to know whether the last 3 % of memory may be promised; and what
// asks without a word in the audit log does without, too.
constexpr const char *asides[] = {"cap_vm_enough_memory", "security_vm_enough_memory_mm", "ns_capable_noaudit",
                                  "has_ns_capability_noaudit", "has_capability_noaudit"};
constexpr uint64_t overlay_gap = 1 << 14;

size_t page_size() { return static_cast<size_t>(getpagesize()); }

// A folder of a tracefs of our own, mounted nowhere.
int open_tracepoint() {
  Fd context(sys::fsopen("tracefs", sys::fsopen_cloexec));
  if (!context.valid() || sys::fsconfig(context.get(), sys::fsconfig_create, nullptr, nullptr, 0) < 0) return -1;
  Fd root(sys::fsmount(context.get(), sys::fsmount_cloexec, 0));
  if (!root.valid()) return -1;
  return openat(root.get(), "events/capability/cap_capable", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// The text of a short file; empty when it cannot be read.
void read_short(int folder, const char *name, char *text, size_t size) {
  Fd file(openat(folder, name, O_RDONLY | O_CLOEXEC));
  ssize_t count = file.valid() ? read(file.get(), text, size - 1) : -1;
  text[count > 0 ? count : 0] = '\0';
}

// Where a field lies in a record of the tracepoint; 0 when it has no such field.
size_t offset_of(const char *format, const char *field) {
  const char *line = strstr(format, field);
  const char *offset = line == nullptr ? nullptr : strstr(line, "offset:");
  return offset == nullptr ? 0 : strtoul(offset + strlen("offset:"), nullptr, 10);
}

} // namespace

CapabilityWatch::~CapabilityWatch() {
  for (int i = 0; i < processors_; i++) {
    if (rings_[i].memory != nullptr) munmap(rings_[i].memory, page_size() + ring_data);
  }
}

int CapabilityWatch::open_ring(Ring &ring, int tracepoint, pid_t task, int processor) {
  perf_event_attr event = {};
  event.type = PERF_TYPE_TRACEPOINT;
  event.size = sizeof event;
  event.config = static_cast<uint64_t>(tracepoint);
  event.inherit = 1;
  event.disabled = 1;
  event.sample_period = 1;
  event.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW;
  event.exclude_callchain_user = 1;
  ring.event.reset(static_cast<int>(syscall(SYS_perf_event_open, &event, task, processor, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!ring.event.valid()) return errno == ENODEV ? 0 : errno; // ENODEV: a processor that is off
  void *memory = mmap(nullptr, page_size() + ring_data, PROT_READ | PROT_WRITE, MAP_SHARED, ring.event.get(), 0);
  if (memory == MAP_FAILED) return errno;
  ring.memory = memory;
  // CAP_SYS_ADMIN is asked for by every process that maps memory: whether it is there or not, that tells who it is.
  if (ioctl(ring.event.get(), PERF_EVENT_IOC_SET_FILTER, "ret == 0 || cap == 21") < 0) return errno;
  return ioctl(ring.event.get(), PERF_EVENT_IOC_ENABLE, 0) < 0 ? errno : 0;
}

int CapabilityWatch::begin(pid_t task) {
  Fd folder(open_tracepoint());
  if (!folder.valid()) return errno;
  char id[32], format[2048];
  read_short(folder.get(), "id", id, sizeof id);
  read_short(folder.get(), "format", format, sizeof format);
  credentials_ = offset_of(format, " * cred;") != 0 ? offset_of(format, " * cred;") : offset_of(format, " *cred;");
  capability_ = offset_of(format, "int cap;");
  result_ = offset_of(format, "int ret;");
  if (id[0] == '\0' || credentials_ == 0 || capability_ == 0 || result_ == 0) return ENOENT;
  FILE *symbols = fopen("/proc/kallsyms", "re");
  if (symbols == nullptr) return errno;
  char line[512];
  Code run, *open = nullptr;
  int count = 0;
  while (fgets(line, sizeof line, symbols) != nullptr) {
    char *rest;
    uint64_t address = strtoull(line, &rest, 16);
    if (strlen(rest) <= 3 || (rest[1] | 32) != 't') continue;
    char *symbol = rest + 3;
    symbol[strcspn(symbol, "\t\n")] = '\0';
    if (open != nullptr && address > open->start) {
      open->end = address;
      open = nullptr;
    }
    for (const char *name : asides) {
      if (strcmp(symbol, name) == 0 && count < asides_max) {
        open = &asides_[count++];
        open->start = address;
      }
    }
    // overlayfs also asks in the name of who has mounted it.
    if (strncmp(symbol, "ovl_", 4) != 0 || strstr(symbol, ".cold") != nullptr) continue;
    // Its functions lie together, but for some that run once.
    if (run.start == 0 || address < run.end || address - run.end > overlay_gap) run = {address, address};
    run.end = address + 1;
    if (run.end - run.start > overlay_.end - overlay_.start) overlay_ = run;
  }
  fclose(symbols);
  if (asides_[0].start == 0) return EACCES; // addresses are hidden
  long processors = sysconf(_SC_NPROCESSORS_CONF);
  processors_ = static_cast<int>(processors < processors_max ? processors : processors_max);
  for (int i = 0; i < processors_; i++) {
    if (int err = open_ring(rings_[i], atoi(id), task, i); err != 0) return err;
  }
  return 0;
}

CapabilityWatch::Identity *CapabilityWatch::identity(uint64_t address) {
  for (Identity &known : identities_) {
    if (known.address == 0) known.address = address;
    if (known.address == address) return &known;
  }
  return nullptr;
}

// A record: header, process and thread, number of addresses, addresses, size of what the tracepoint has, that.
void CapabilityWatch::note(const uint64_t *record, size_t words) {
  if (words < 4 || record[2] > words - 4) return;
  uint32_t process = static_cast<uint32_t>(record[1]);
  size_t count = record[2];
  const uint64_t *addresses = record + 3;
  const uint8_t *fields = reinterpret_cast<const uint8_t *>(addresses + count) + sizeof(uint32_t);
  size_t size = (words - 3 - count) * sizeof(uint64_t) - sizeof(uint32_t);
  if (credentials_ + 8 > size || capability_ + 4 > size || result_ + 4 > size) return;
  uint64_t credentials;
  uint32_t capability;
  int32_t result;
  memcpy(&credentials, fields + credentials_, sizeof credentials);
  memcpy(&capability, fields + capability_, sizeof capability);
  memcpy(&result, fields + result_, sizeof result);
  bool aside = false, overlays = false;
  for (size_t i = 0; i < count; i++) {
    for (const Code &code : asides_) aside = aside || code.has(addresses[i]);
    overlays = overlays || overlay_.has(addresses[i]);
  }
  uint64_t bit = result == 0 && capability < 64 && !aside ? uint64_t{1} << capability : 0;
  Identity *known = identity(credentials);
  if (known == nullptr) {
    bits_ |= bit;
    return;
  }
  if (!overlays) {
    known->own = true;
    processes_[process % processes_max] = process;
    known->direct |= bit;
    return;
  }
  // Its own extended attributes take CAP_SYS_ADMIN; and it has the same credentials for all. Those of a process go with
  // it: another one has them only where the memory was used again.
  const bool others = known->process != 0 && known->process != process;
  if (others && known->own) {
    bits_ |= bits_of(*known);
    *known = {};
    known->address = credentials;
  } else if (others) {
    known->foreign = true;
  }
  if (capability == admin && !aside) known->foreign = true;
  known->process = process;
  known->bits |= bit;
}

bool CapabilityWatch::is_known(uint32_t process) const { return processes_[process % processes_max] == process; }

void CapabilityWatch::read_samples(Ring &ring) {
  auto *control = static_cast<perf_event_mmap_page *>(ring.memory);
  const uint8_t *data = static_cast<const uint8_t *>(ring.memory) + page_size();
  constexpr uint64_t size = ring_data;
  uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
  uint64_t tail = control->data_tail;
  while (tail < head) {
    // A record may go on at the beginning.
    union {
      perf_event_header header;
      uint64_t words[512];
    } record;
    auto copy = [&](size_t count) {
      for (size_t i = 0; i < count; i++) reinterpret_cast<uint8_t *>(&record)[i] = data[(tail + i) % size];
    };
    copy(sizeof record.header);
    size_t length = record.header.size;
    if (length < sizeof record.header) break;
    if (record.header.type == PERF_RECORD_LOST) lost_ = true;
    if (record.header.type == PERF_RECORD_SAMPLE && length <= sizeof record) {
      copy(length);
      note(record.words, length / sizeof(uint64_t));
    }
    tail += length;
  }
  __atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
}

void CapabilityWatch::drain() {
  for (int i = 0; i < processors_; i++) {
    if (rings_[i].memory != nullptr) read_samples(rings_[i]);
  }
}

uint64_t CapabilityWatch::bits_of(const Identity &known) const {
  if (known.foreign) return known.direct;
  // overlayfs also works for a process where none of its own functions shows.
  return known.own || !is_known(known.process) ? known.direct | known.bits : known.direct;
}

uint64_t CapabilityWatch::used() const {
  uint64_t bits = bits_;
  for (const Identity &known : identities_) bits |= bits_of(known);
  return bits;
}

} // namespace veloci

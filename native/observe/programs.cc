#include "observe/programs.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "cgroup/cgroupfs.h"
#include "cgroup/own_cgroup.h"

namespace veloci {
namespace {

// BPF_CGROUP_MAX_PROGS
constexpr unsigned most = 64;

long bpf(int command, union bpf_attr &attributes) { return syscall(SYS_bpf, command, &attributes, sizeof attributes); }

// A tag in hexadecimal digits.
struct Tag {
  char digits[2 * BPF_TAG_SIZE + 1] = {};
  Str text() const { return Str::of(digits); }
};

// 0 or an errno.
int tag_of(int program, Tag &tag) {
  constexpr char digits[] = "0123456789abcdef";
  struct bpf_prog_info info = {};
  union bpf_attr attributes = {};
  attributes.info.bpf_fd = static_cast<uint32_t>(program);
  attributes.info.info_len = sizeof info;
  attributes.info.info = reinterpret_cast<uint64_t>(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) return errno;
  for (unsigned i = 0; i < BPF_TAG_SIZE; i++) {
    tag.digits[2 * i] = digits[info.tag[i] >> 4];
    tag.digits[2 * i + 1] = digits[info.tag[i] & 15];
  }
  return 0;
}

int load(Bytes instructions, Tag &tag) {
  static const char license[] = "Apache-2.0";
  union bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uint64_t>(instructions.data);
  attributes.insn_cnt = static_cast<uint32_t>(instructions.size / sizeof(struct bpf_insn));
  attributes.license = reinterpret_cast<uint64_t>(license);
  Fd program(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  return program.valid() ? tag_of(program.get(), tag) : errno;
}

// The tags of those that a cgroup has itself. 0 or an errno.
int query(int cgroup, Tag (&tags)[most], unsigned &count) {
  uint32_t ids[most] = {};
  union bpf_attr attributes = {};
  attributes.query.target_fd = static_cast<uint32_t>(cgroup);
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = reinterpret_cast<uint64_t>(ids);
  attributes.query.prog_cnt = most;
  if (bpf(BPF_PROG_QUERY, attributes) != 0) return errno;
  for (uint32_t i = 0; i < attributes.query.prog_cnt && i < most; i++) {
    union bpf_attr by_id = {};
    by_id.prog_id = ids[i];
    Fd program(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, by_id)));
    // Detached since.
    if (!program.valid() && errno == ENOENT) continue;
    if (int err = program.valid() ? tag_of(program.get(), tags[count]) : errno; err != 0) return err;
    count++;
  }
  return 0;
}

int open_cgroup_of(const Record &record) {
  RecordCgroups groups(record);
  RecordCgroup own;
  int err = ENOENT;
  while (groups.next(own)) {
    Fd directory(open_own_cgroup(own, O_RDONLY | O_DIRECTORY));
    if (directory.valid() && is_cgroup2(directory.get())) return directory.release();
    if (!directory.valid()) err = errno;
  }
  errno = err;
  return -1;
}

} // namespace

void add_device_programs(ObservationWriter &out, const Record &record, Bytes program) {
  Tag declared, attached[most];
  unsigned count = 0;
  Fd cgroup(open_cgroup_of(record));
  int err = cgroup.valid() ? query(cgroup.get(), attached, count) : errno;
  if (err == 0) err = load(program, declared);
  ObservedProgramsWriter programs = out.device_programs();
  programs.errno_(err).declared(declared.text());
  StringListWriter list = programs.attached();
  for (unsigned i = 0; i < count; i++) list.add(attached[i].text());
}

} // namespace veloci

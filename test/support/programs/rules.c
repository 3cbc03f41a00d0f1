// rules attach|detach|replace CGROUP - changes the device programs of a cgroup of v2, as somebody who knows nothing of
// its container would: attaches one that allows everything, detaches all, or both.
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int command, union bpf_attr *attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int die(const char *what) {
  fprintf(stderr, "rules: %s: %s\n", what, strerror(errno));
  return 1;
}

static int detach(int cgroup) {
  uint32_t ids[64] = {0};
  union bpf_attr query;
  memset(&query, 0, sizeof query);
  query.query.target_fd = (uint32_t)cgroup;
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = (uint64_t)(uintptr_t)ids;
  query.query.prog_cnt = 64;
  if (bpf(BPF_PROG_QUERY, &query) != 0) return die("query");
  for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
    union bpf_attr by_id, detached;
    memset(&by_id, 0, sizeof by_id);
    by_id.prog_id = ids[i];
    memset(&detached, 0, sizeof detached);
    detached.target_fd = (uint32_t)cgroup;
    detached.attach_bpf_fd = (uint32_t)bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
    detached.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, &detached) != 0) return die("detach");
  }
  return 0;
}

static int attach(int cgroup) {
  struct bpf_insn instructions[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr load, attached;
  memset(&load, 0, sizeof load);
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = (uint64_t)(uintptr_t)instructions;
  load.insn_cnt = sizeof instructions / sizeof *instructions;
  load.license = (uint64_t)(uintptr_t) "Apache-2.0";
  int program = (int)bpf(BPF_PROG_LOAD, &load);
  if (program < 0) return die("load");
  memset(&attached, 0, sizeof attached);
  attached.target_fd = (uint32_t)cgroup;
  attached.attach_bpf_fd = (uint32_t)program;
  attached.attach_type = BPF_CGROUP_DEVICE;
  attached.attach_flags = BPF_F_ALLOW_MULTI;
  return bpf(BPF_PROG_ATTACH, &attached) != 0 ? die("attach") : 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int cgroup = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (cgroup < 0) return die(argv[2]);
  int failed = 0;
  if (strcmp(argv[1], "attach") != 0) failed = detach(cgroup);
  if (!failed && strcmp(argv[1], "detach") != 0) failed = attach(cgroup);
  return failed;
}

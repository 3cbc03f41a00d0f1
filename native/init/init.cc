#include "init/init.h"

#include <fcntl.h>

namespace veloci {

Init::Init(Shared &shared, const Program &program) : Common(shared), program_(program) {
  for (const OpRecord &op : program) {
    note_codes(op, 0);
    if (op.code == code::process_env || (op.code == code::start_wait && needed_ == nullptr)) needed_ = op.body.data;
    needed_end_ = op.body.data + op.body.size;
  }
}

void Init::note_codes(const OpRecord &record, unsigned depth) {
  if (record.code < 128) codes_[record.code / 64] |= uint64_t{1} << (record.code % 64);
  if (record.code != code::alt || depth >= max_alt_depth) return;
  Reader reader(record.body);
  Alt alt;
  if (!read(reader, alt)) return;
  note_codes(alt.try_, depth + 1);
  if (alt.else_) note_codes(alt.else_.value, depth + 1);
}

int Init::root() {
  if (!root_.valid()) root_.reset(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return root_.get();
}

int Init::procfs() {
  if (!procfs_.valid()) {
    procfs_.reset(open_procfs(program_has(code::sysctl_write) ? ProcfsPart::whole : ProcfsPart::processes));
  }
  return procfs_.get();
}

bool Init::needs_procfs() const {
  return program_has(code::sysctl_write) || program_has(code::oom_score) || program_has(code::label_exec) ||
         program_has(code::mount_remove);
}

FailureKind Init::failure_kind(uint16_t code) const {
  switch (code) {
  case code::hook_run: return FailureKind::hook;
  case code::program_run: return execve_kind_;
  default: return FailureKind::operation;
  }
}

} // namespace veloci

// Writes to a procfs of our own: kernel parameters, the label of the program.
#include <fcntl.h>

#include "init/init.h"

namespace veloci {
int Init::open_proc_file(const char *path) {
  if (mounted_procfs_.valid()) {
    int fd = open_in_procfs(mounted_procfs_.get(), path, O_WRONLY);
    if (fd >= 0) return fd;
  }
  return procfs() < 0 ? -1 : open_in_procfs(procfs(), path, O_WRONLY);
}

bool Init::write_proc_file(const char *path, Str value, int open_step, int write_step, int &step) {
  step = open_step;
  Fd file(open_proc_file(path));
  if (!file.valid()) return false;
  step = write_step;
  ssize_t written;
  do written = write(file.get(), value.data, value.size);
  while (written < 0 && errno == EINTR);
  if (written >= 0 && static_cast<uint32_t>(written) != value.size) errno = EIO;
  return written >= 0 && static_cast<uint32_t>(written) == value.size;
}

Outcome Init::on(const OomScore &op) {
  namespace steps = step::oom_score;
  TextOf<16> value;
  value.add_signed(op.value);
  int step;
  if (write_proc_file("self/oom_score_adj", value.str(), steps::open, steps::write, step)) return Outcome::success();
  return fail(step, value.str());
}

Outcome Init::on(const SysctlWrite &op) {
  namespace steps = step::sysctl_write;
  TextOf<path_max> path;
  path.add("sys/").add(op.path);
  if (!path.complete()) return fail(steps::open, ENAMETOOLONG, op.path);
  int step;
  if (write_proc_file(path.c_str(), op.value, steps::open, steps::write, step)) return Outcome::success();
  return fail(step, op.path);
}

Outcome Init::on(const LabelExec &op) {
  namespace steps = step::label_exec;
  const char *path = op.file == LabelExecFile::exec         ? "self/attr/exec"
                     : op.file == LabelExecFile::key_create ? "self/attr/keycreate"
                                                            : "self/attr/apparmor/exec";
  int step;
  if (write_proc_file(path, op.value, steps::open, steps::write, step)) return Outcome::success();
  return fail(step, op.value);
}

} // namespace veloci

// Writes to a procfs of our own: kernel parameters, the label of the program.
#include <fcntl.h>

#include "init/init.h"

namespace veloci {
namespace {

// An open that fails or a write that fails: different steps.
bool write_value(int procfs, const char *path, Str value, int open_step, int write_step, int &step) {
  step = open_step;
  Fd file(open_in_procfs(procfs, path, O_WRONLY));
  if (!file.valid()) return false;
  step = write_step;
  ssize_t written;
  do written = write(file.get(), value.data, value.size);
  while (written < 0 && errno == EINTR);
  if (written >= 0 && static_cast<uint32_t>(written) != value.size) errno = EIO;
  return written >= 0 && static_cast<uint32_t>(written) == value.size;
}

} // namespace

Outcome Init::on(const SysctlWrite &op) {
  namespace at = step::sysctl_write;
  if (procfs() < 0) return fail(at::open, errno, "procfs");
  TextOf<path_max> path;
  path.add("sys/").add(op.path);
  if (!path.complete()) return fail(at::open, ENAMETOOLONG, op.path);
  int step;
  if (write_value(procfs(), path.c_str(), op.value, at::open, at::write, step)) return Outcome::success();
  return fail(step, op.path);
}

Outcome Init::on(const LabelExec &op) {
  namespace at = step::label_exec;
  if (procfs() < 0) return fail(at::open, errno, "procfs");
  const char *path = op.file == LabelExecFile::exec ? "self/attr/exec" : "self/attr/apparmor/exec";
  int step;
  if (write_value(procfs(), path, op.value, at::open, at::write, step)) return Outcome::success();
  return fail(step, op.value);
}

} // namespace veloci

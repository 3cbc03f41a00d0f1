// state.* and pid.file.
#include "file/files.h"
#include "executor/handler.h"
#include "executor/state/state.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

namespace {

void remove_pid_file(Context &, const void *argument) {
  const char *path = static_cast<const char *>(argument);
  struct stat info;
  // What could not be replaced is not ours.
  if (lstat(path, &info) == 0 && S_ISREG(info.st_mode)) unlink(path);
}

// What stdin, stdout and stderr are, as a JSON list of texts.
void add_streams(Text &out) {
  out.add_char('[');
  for (int fd = 0; fd <= 2; fd++) {
    TextOf<32> path;
    char what[PATH_MAX];
    ssize_t size = readlink(path.add("/proc/self/fd/").add_signed(fd).c_str(), what, sizeof what);
    if (fd > 0) out.add_char(',');
    add_json(out, Str{what, static_cast<uint32_t>(size < 0 ? 0 : size)});
  }
  out.add_char(']');
}

// 0 or an errno, and the step in `at`.
int write_status(Context &context, const Template &beginning, int &failed_step) {
  Pages filled, memory;
  Str text;
  failed_step = step::state_write::open;
  if (!fill(beginning, hole_values(context), filled, text)) return errno;
  TextOf<3 * 2 * PATH_MAX> streams;
  add_streams(streams);
  size_t size = text.size + 2 * streams.size() + 64; // every quote and backslash is escaped again
  if (!memory.allocate(size)) return errno;
  Text out(memory.data(), size);
  add_json(out.add(text).add(",\"external_descriptors\":"), streams.str()).add("}\n");
  if (!streams.complete() || !out.complete()) return ENAMETOOLONG;
  return replace_file(context.state.get(), state_name::status,
                      Bytes{reinterpret_cast<const uint8_t *>(out.data()), out.size()}, 0600, failed_step);
}

} // namespace

Outcome HostHandler::on(const StateRecord &op) {
  for (const CgroupDir &dir : op.cgroups) {
    if (!record_add_cgroup(*context_.record, dir.mount, dir.path)) {
      context_.failure.detail.start(DetailPart::limit).add("32 cgroup hierarchies, whose paths have 3 KB together");
      return Outcome::failed(step::state_record::write, EOVERFLOW);
    }
  }
  if (op.freezer) {
    const Freezer &freezer = op.freezer.value;
    record_freezer(*context_.record, freezer.dir.mount, freezer.dir.path, static_cast<uint32_t>(freezer.version) + 1);
  } else {
    record_freezer(*context_.record, {}, {}, 0);
  }
  if (!op.slice.empty()) record_slice(*context_.record, op.slice);
  return {};
}

Outcome HostHandler::on(const StateKeep &) {
  using namespace step::state_keep;
  int dir = context_.state.get();
  const Kept &kept = context_.kept;
  if (int err = create_file(dir, state_name::config, kept.config, 0600); err != 0) return Outcome::failed(config, err);
  if (int err = create_file(dir, state_name::request, kept.request, 0600); err != 0)
    return Outcome::failed(request, err);
  if (kept.plan.size == 0) return {};
  int err = create_file(dir, state_name::plan, kept.plan, 0600);
  return err == 0 ? Outcome::success() : Outcome::failed(plan, err);
}

Outcome HostHandler::on(const StateWrite &op) {
  Pages memory;
  Str text;
  if (!fill(op.content, hole_values(context_), memory, text)) return Outcome::failed(step::state_write::open);
  int offset = 0;
  Bytes bytes{reinterpret_cast<const uint8_t *>(text.data), text.size};
  if (int err = replace_file(context_.state.get(), state_name::state, bytes, 0600, offset); err != 0) {
    return Outcome::failed(offset, err);
  }
  if (!op.status) return {};
  int err = write_status(context_, op.status.value, offset);
  return err == 0 ? Outcome::success() : Outcome::failed(offset, err);
}

Outcome HostHandler::on(const StateRemove &) { return remove_state(context_); }

Outcome HostHandler::on(const PidFile &op) {
  if (!context_.undo.push(remove_pid_file, op.path.c_str())) return Outcome::failed(step::pid_file::open);
  TextOf<16> text;
  text.add_signed(context_.init.pid);
  int offset = 0;
  Bytes bytes{reinterpret_cast<const uint8_t *>(text.c_str()), text.size()};
  if (int err = replace_file(AT_FDCWD, op.path.c_str(), bytes, 0644, offset); err != 0)
    return Outcome::failed(offset, err);
  return {};
}

} // namespace veloci

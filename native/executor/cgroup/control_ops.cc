// cgroup.freeze, cgroup.update, cgroup.check: what is done to the cgroup of a container that runs.
#include "cgroup/cgroupfs.h"
#include "base/io.h"
#include "file/files.h"
#include "executor/handler.h"
#include "executor/log/problem.h"
#include "executor/cgroup/delegation.h"
#include "executor/cgroup/freezer.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>

namespace veloci {

namespace {

constexpr size_t no_limit = SIZE_MAX;

void undo_freeze(Context &context, CgroupFreeze &op) {
  Fd cgroup(open_own_cgroup(context.record, op.dir.mount, op.dir.path, O_PATH | O_DIRECTORY));
  if (cgroup.valid()) set_frozen(cgroup.get(), op.version, false);
}

// What undoes one cgroup.update.
struct Before {
  CgroupDir dir;
  Str file;
  Str value;
  Buffer text;
};

void undo_update(Context &context, Before &before) {
  Fd cgroup(open_own_cgroup(context.record, before.dir.mount, before.dir.path, O_PATH | O_DIRECTORY));
  if (cgroup.valid() && write_cgroup_file(cgroup.get(), before.file.c_str(), before.value)) return;
  if (context.log == nullptr) return;
  show(*context.log, diagnostic::LimitKept{.file = before.file, .value = before.value, .errno_ = ErrnoText(errno)});
}

// The line of a text that begins with a word.
bool find_line(Str text, Str key, Str &line) {
  for (uint32_t offset = 0; offset < text.size;) {
    const char *begin = text.data + offset;
    uint32_t size = static_cast<uint32_t>(strchrnul(begin, '\n') - begin);
    bool matches = size > key.size && memcmp(begin, key.data, key.size) == 0 && begin[key.size] == ' ';
    if (matches) {
      line = {begin, size};
      return true;
    }
    offset += size + 1;
  }
  return false;
}

// Finds what undoes the update. False and errno when the file can't be read.
bool find_before(int cgroup, const CgroupUpdate &op, Before &before) {
  before.dir = op.dir;
  before.file = op.file;
  if (op.reset) {
    before.file = op.reset.value.file;
    before.value = op.reset.value.value;
    if (!op.key) return true;
  }
  Fd file(open_below_cgroup(cgroup, op.file.c_str(), O_RDONLY));
  if (!file.valid()) return false;
  if (int err = read_all(file.get(), no_limit, before.text); err != 0) {
    errno = err;
    return false;
  }
  Str text = before.text.str();
  if (op.key) {
    Str line;
    if (!find_line(text, op.key.value, line)) return true;
    before.file = op.file;
    before.value = line;
    return true;
  }
  // An empty list (cpuset.cpus) is restored by an empty line.
  while (text.size > 1 && text.data[text.size - 1] == '\n') text.size--;
  before.value = text.size > 0 ? text : Str::of("\n");
  return true;
}

} // namespace

Outcome HostHandler::on(const CgroupFreeze &op) {
  Fd cgroup(open_own(op.dir, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_freeze::open);
  if (op.frozen && context_.undo.keep(undo_freeze, CgroupFreeze(op)) == nullptr)
    return Outcome::failed(step::cgroup_freeze::open);
  if (!set_frozen(cgroup.get(), op.version, op.frozen)) return Outcome::failed(step::cgroup_freeze::write);
  int err = await_frozen(cgroup.get(), op.version, op.frozen, Deadline(op.timeout));
  return err == 0 ? Outcome::success() : Outcome::failed(step::cgroup_freeze::wait, err);
}

Outcome HostHandler::on(const CgroupUpdate &op) {
  Fd cgroup(open_own(op.dir, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_update::find);
  auto failed = [&](int step) {
    if (errno != ENOENT) return Outcome::failed(step);
    return Outcome::failed(step::cgroup_update::open, explain_missing(context_, op.dir, op.file));
  };
  Before before;
  if (!find_before(cgroup.get(), op, before)) return failed(step::cgroup_update::read);
  if (context_.undo.keep(undo_update, static_cast<Before &&>(before)) == nullptr)
    return Outcome::failed(step::cgroup_update::read);
  return write_cgroup_file(cgroup.get(), op.file.c_str(), op.value) ? Outcome::success()
                                                                    : failed(step::cgroup_update::write);
}

Outcome HostHandler::on(const CgroupCheck &op) {
  Fd cgroup(open_own(op.dir, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_check::open);
  Fd file(open_below_cgroup(cgroup.get(), op.file.c_str(), O_RDONLY));
  if (!file.valid()) return Outcome::failed(step::cgroup_check::open);
  TextOf<64> text;
  uint64_t used = 0;
  if (!read_small(file.get(), text)) return Outcome::failed(step::cgroup_check::read);
  if (text.size() > 0) text.truncate(text.size() - 1);
  if (!parse_number(text.str(), UINT64_MAX, used)) return Outcome::failed(step::cgroup_check::read, EBADMSG);
  if (used <= op.limit) return {};
  context_.failure.detail.words().add_number(used);
  return Outcome::failed(step::cgroup_check::exceeded, EBUSY);
}

} // namespace veloci

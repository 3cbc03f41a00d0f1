// cgroup.* of the host side.
#include "cgroup/cgroupfs.h"
#include "executor/cgroup/cgroup.h"
#include "executor/cgroup/cgroup_tree.h"
#include "executor/cgroup/delegation.h"
#include "executor/cgroup/freezer.h"
#include "executor/handler.h"
#include "process/process.h"
#include "cgroup/own_cgroup.h"
#include <fcntl.h>
#include <initializer_list>
#include <linux/bpf.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace veloci {

namespace {

// The parent of one of these cgroups, where it was kept.
CgroupParent take_parent(Context &context, const RecordCgroup &cgroup) {
  for (unsigned i = 0; i < context.cgroup_count; i++) {
    HeldCgroup &held = context.cgroups[i];
    if (held.parent.directory.valid() && held.cgroup.mount == cgroup.mount && held.cgroup.path == cgroup.path)
      return static_cast<CgroupParent &&>(held.parent);
  }
  return {};
}

void undo_create(Context &context, const void *argument) {
  const RecordCgroup &cgroup = static_cast<const HeldCgroup *>(argument)->cgroup;
  // In one that was there before there may be others; stager and init have ended as our children.
  if (cgroup.preexisting) return;
  // It may have processes that are just ending.
  constexpr uint32_t time_limit = 500;
  FreezerCgroup freezer;
  bool freezes = context.record != nullptr && find_freezer(*context.record, freezer);
  kill_cgroup(cgroup, freezes ? &freezer : nullptr, Deadline(time_limit));
  if (remove_cgroup(cgroup, time_limit, take_parent(context, cgroup)) != 0) context.cgroup_remains = true;
}

// Copies the files that are empty in a cgroup from the one above it. In a new one they are empty, or have these values
// already.
Outcome inherit(int parent, int child, bool is_new, const List<Str> &files) {
  for (const Str &name : files) {
    TextOf<4096> value;
    if (!is_new) {
      Fd own(open_below_cgroup(child, name.c_str(), O_RDONLY));
      // The hierarchy does not have it.
      if (!own.valid() && errno == ENOENT) continue;
      if (!own.valid() || !read_value(own.get(), value)) return Outcome::failed(step::cgroup_create::inherit);
      if (value.size() > 1) continue;
      value.clear();
    }
    Fd above(open_below_cgroup(parent, name.c_str(), O_RDONLY));
    if (!above.valid() && errno == ENOENT) continue;
    if (!above.valid() || !read_value(above.get(), value)) return Outcome::failed(step::cgroup_create::inherit);
    if (value.size() <= 1) continue;
    if (!write_cgroup_file(child, name.c_str(), value.str())) return Outcome::failed(step::cgroup_create::inherit);
  }
  return {};
}

// Refuses a cgroup that somebody uses: its processes would get the container's limits, and be killed with it.
Outcome refuse_used(int cgroup) {
  TextOf<128> text;
  Fd file(open_below_cgroup(cgroup, is_threaded(cgroup) ? "cgroup.threads" : "cgroup.procs", O_RDONLY));
  if (!file.valid()) return Outcome::failed(step::cgroup_create::populated);
  if (!read_small(file.get(), text) || text.size() > 0) return Outcome::failed(step::cgroup_create::populated, EBUSY);
  return {};
}

// Remembers which cgroup the operation has come to, for its undo and for the later commands.
void identify(Context &context, RecordCgroup &entry, uint64_t inode, bool preexisting) {
  entry.inode = inode;
  entry.preexisting = preexisting;
  if (context.record != nullptr) record_identify_cgroup(*context.record, entry.mount, entry.path, inode, preexisting);
}

constexpr uint32_t leftover_time_limit = 2000;

// Only one create at a time works on a cgroup: in between it is empty, and looks like one that was left. `vanished`
// when another one has taken it away meanwhile.
Outcome take(int parent, int cgroup, const char *name, uint64_t inode, bool is_new, bool &vanished) {
  struct stat info;
  bool locked = flock(cgroup, LOCK_EX | LOCK_NB) == 0;
  if (!locked && !is_new) return Outcome::failed(step::cgroup_create::populated, EBUSY);
  vanished = !locked || fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_ino != inode;
  return vanished ? Outcome::failed(step::cgroup_create::mkdir, ENOENT) : Outcome::success();
}

// What a container that has ended has left is made anew: that container's delete, which may come later, then does not
// take it for its own. `vanished` when it is gone.
Outcome clear_leftover(int parent, int cgroup, const char *name, bool &vanished) {
  if (Outcome outcome = refuse_used(cgroup); !outcome.ok()) return outcome;
  if (!has_created_mark(cgroup)) return {};
  if (int err = remove_tree(parent, name, leftover_time_limit); err != 0)
    return Outcome::failed(step::cgroup_create::populated, err);
  vanished = true;
  return Outcome::failed(step::cgroup_create::mkdir, ENOENT);
}

// Makes the cgroups of a path that are missing. `vanished`: one that was there is gone.
Outcome make_path(Context &context, const CgroupCreate &op, HeldCgroup &held, bool &vanished) {
  RecordCgroup &entry = held.cgroup;
  vanished = false;
  bool v2 = false;
  Fd parent(open_cgroup_root(op.dir.mount.c_str(), &v2));
  if (!parent.valid()) return Outcome::failed(step::cgroup_create::open);
  for (const char *cursor = op.dir.path.c_str(); *cursor != 0;) {
    const char *end = strchrnul(cursor, '/');
    TextOf<256> name;
    name.add(cursor, static_cast<size_t>(end - cursor));
    cursor = *end == 0 ? end : end + 1;
    bool last = *cursor == 0;
    if (!name.complete()) return Outcome::failed(step::cgroup_create::mkdir, ENAMETOOLONG);
    if (name.size() == 0 || strcmp(name.c_str(), ".") == 0 || strcmp(name.c_str(), "..") == 0) {
      return Outcome::failed(step::cgroup_create::mkdir, EINVAL);
    }
    Fd threads = enable_controllers(parent.get(), op.enable, op.threads);
    if (last) identify(context, entry, cgroup_pending, false);
    bool is_new = mkdirat(parent.get(), name.c_str(), created_mode) == 0;
    int err = is_new ? 0 : errno;
    if (last && !is_new) identify(context, entry, cgroup_unseen, false);
    if (!is_new && err != EEXIST) {
      vanished = err == ENOENT || err == ENODEV;
      Text &words = context.failure.detail.words().add(op.dir.mount);
      size_t above = static_cast<size_t>(end - op.dir.path.data) - name.size();
      if (above > 0) words.add("/").add(op.dir.path.data, above - 1);
      return Outcome::failed(step::cgroup_create::mkdir, err);
    }
    Fd child(open_below_cgroup(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    struct stat info;
    if (!child.valid() || fstat(child.get(), &info) != 0) {
      err = errno;
      vanished = err == ENOENT;
      // What cannot be opened cannot be undone later.
      if (is_new && !vanished) unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR);
      return Outcome::failed(step::cgroup_create::open, err);
    }
    if (threads.valid()) write_cgroup_file(child.get(), "cgroup.type", Str::of("threaded"));
    if (is_new) mark_created(child.get(), last ? context.mark : shared_mark);
    if (last && is_new) identify(context, entry, info.st_ino, false);
    if (last && op.refuse_used) {
      Outcome taken = take(parent.get(), child.get(), name.c_str(), info.st_ino, is_new, vanished);
      if (!taken.ok()) return taken;
    }
    // Also where it was there: somebody else may just be making it, or have died before he had filled it.
    if (Outcome outcome = inherit(parent.get(), child.get(), is_new, op.inherit); !outcome.ok()) {
      vanished = outcome.err == ENODEV;
      return outcome;
    }
    if (last && !is_new) {
      if (op.refuse_used) {
        if (Outcome outcome = clear_leftover(parent.get(), child.get(), name.c_str(), vanished); !outcome.ok())
          return outcome;
      }
      mark_used(child.get(), entry.container, context.mark);
      identify(context, entry, info.st_ino, true);
    }
    if (last && context.removes_container) held.parent = {static_cast<Fd &&>(parent), !v2};
    parent = static_cast<Fd &&>(child);
  }
  // Nothing would run there, and on v1 not even SIGKILL would end it.
  if (op.freezer && frozen_state(parent.get(), op.freezer.value) == Frozen::yes)
    return Outcome::failed(step::cgroup_create::frozen, EBUSY);
  held.directory = static_cast<Fd &&>(parent);
  return {};
}

long bpf(int command, union bpf_attr &attributes) { return syscall(SYS_bpf, command, &attributes, sizeof attributes); }

// The programs that decide about devices in a cgroup: ours, and one of systemd where that has read its units anew.
struct Replaced {
  // BPF_CGROUP_MAX_PROGS
  static constexpr unsigned most = 64;

  explicit Replaced(int group) : cgroup(group) {
    uint32_t ids[most] = {};
    union bpf_attr query = {};
    query.query.target_fd = static_cast<uint32_t>(cgroup);
    query.query.attach_type = BPF_CGROUP_DEVICE;
    query.query.prog_ids = reinterpret_cast<uint64_t>(ids);
    query.query.prog_cnt = most;
    if (bpf(BPF_PROG_QUERY, query) != 0) return;
    for (uint32_t i = 0; i < query.query.prog_cnt && i < most; i++) {
      union bpf_attr by_id = {};
      by_id.prog_id = ids[i];
      programs[count].reset(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, by_id)));
      if (programs[count].valid()) count++;
    }
  }

  // Until all are gone, what one of them denies is denied. False and errno on failure.
  bool detach() {
    for (unsigned i = 0; i < count; i++) {
      union bpf_attr detached = {};
      detached.target_fd = static_cast<uint32_t>(cgroup);
      detached.attach_bpf_fd = static_cast<uint32_t>(programs[i].get());
      detached.attach_type = BPF_CGROUP_DEVICE;
      if (bpf(BPF_PROG_DETACH, detached) != 0 && errno != ENOENT) return false;
    }
    return true;
  }

  int cgroup;
  Fd programs[most];
  unsigned count = 0;
};

} // namespace

Outcome HostHandler::on(const CgroupCreate &op) {
  if (context_.cgroup_count == held_cgroups_max) {
    context_.failure.detail.start(DetailPart::limit).add_number(held_cgroups_max).add(" cgroups of one container");
    return Outcome::failed(step::cgroup_create::open, EOVERFLOW);
  }
  HeldCgroup &held = context_.cgroups[context_.cgroup_count++];
  held.cgroup = {.mount = op.dir.mount,
                 .path = op.dir.path,
                 .container = context_.record != nullptr ? context_.record->created : 0};
  if (!context_.undo.push(undo_create, &held)) return Outcome::failed(step::cgroup_create::open);
  // Whoever deletes another container may remove a cgroup of the path as soon as that is empty.
  constexpr int tries = 32;
  bool vanished = false;
  Outcome outcome = make_path(context_, op, held, vanished);
  for (int i = 1; vanished && i < tries; i++) outcome = make_path(context_, op, held, vanished);
  return outcome;
}

Outcome HostHandler::on(const CgroupFind &op) {
  struct stat info;
  Fd cgroup(open_cgroup(op.dir.mount.c_str(), op.dir.path.c_str(), O_RDONLY | O_DIRECTORY));
  if (!cgroup.valid() || fstat(cgroup.get(), &info) != 0) return Outcome::failed(step::cgroup_find::open);
  record_identify_cgroup(*context_.record, op.dir.mount, op.dir.path, info.st_ino, false);
  mark_used(cgroup.get(), context_.record->created, context_.mark);
  return {};
}

Outcome HostHandler::on(const CgroupWrite &op) {
  bool same_cgroup = written_.cgroup.valid() && written_.dir.mount == op.dir.mount && written_.dir.path == op.dir.path;
  if (!same_cgroup) {
    written_.file.reset();
    written_.cgroup.reset(open_own(op.dir, O_PATH | O_DIRECTORY));
    if (!written_.cgroup.valid()) return Outcome::failed(step::cgroup_write::open);
    written_.dir = op.dir;
  }
  if (!written_.file.valid() || !(written_.name == op.file)) {
    written_.file.reset(open_cgroup_file(written_.cgroup.get(), op.file.c_str()));
    written_.name = op.file;
  }
  if (written_.file.valid() && write_cgroup_value(written_.file.get(), op.value)) return {};
  int err = errno;
  if (err != ENOENT) return Outcome::failed(step::cgroup_write::write, err);
  return Outcome::failed(step::cgroup_write::open, explain_missing(context_, op.dir, op.file));
}

Outcome HostHandler::on(const CgroupDevices &op) {
  Fd cgroup(open_own(op.dir, O_RDONLY | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_devices::open);
  static const char license[] = "Apache-2.0";
  union bpf_attr load = {};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uint64_t>(op.program.data);
  load.insn_cnt = static_cast<uint32_t>(op.program.size / sizeof(struct bpf_insn));
  load.license = reinterpret_cast<uint64_t>(license);
  Fd program(static_cast<int>(bpf(BPF_PROG_LOAD, load)));
  if (!program.valid()) return Outcome::failed(step::cgroup_devices::load);
  Replaced old(cgroup.get());
  union bpf_attr attach = {};
  attach.target_fd = static_cast<uint32_t>(cgroup.get());
  attach.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  // An update: the new program takes the place of the one that is there.
  if (old.count == 1) {
    attach.attach_flags |= BPF_F_REPLACE;
    attach.replace_bpf_fd = static_cast<uint32_t>(old.programs[0].get());
  }
  if (bpf(BPF_PROG_ATTACH, attach) == 0)
    return old.count == 1 || old.detach() ? Outcome::success() : Outcome::failed(step::cgroup_devices::attach);
  if (errno != EINVAL || old.count != 1) return Outcome::failed(step::cgroup_devices::attach);
  // Before Linux 5.6 there is no BPF_F_REPLACE.
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  attach.replace_bpf_fd = 0;
  return bpf(BPF_PROG_ATTACH, attach) == 0 && old.detach() ? Outcome::success()
                                                           : Outcome::failed(step::cgroup_devices::attach);
}

Outcome HostHandler::on(const CgroupOpen &op) {
  int fd = open_own(op.dir, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return Outcome::failed(step::cgroup_open::open);
  context_.slots[op.slot].reset(fd);
  return {};
}

Outcome HostHandler::on(const CgroupMove &op) {
  Fd cgroup(open_own(op.dir, O_PATH | O_DIRECTORY));
  if (!cgroup.valid()) return Outcome::failed(step::cgroup_move::open);
  // It is our child, and not waited for: the number is its own.
  TextOf<16> pid;
  pid.add_signed(context_.init.pid);
  bool moved = context_.init.pid > 0 && write_cgroup_file(cgroup.get(), "cgroup.procs", pid.str());
  return moved ? Outcome::success() : Outcome::failed(step::cgroup_move::write);
}

Outcome HostHandler::on(const CgroupKill &op) {
  FreezerCgroup freezer;
  RecordCgroup own;
  int err = find_own(op.dir, own)
                ? kill_cgroup(own, find_own(op.freezer, freezer), Deadline(op.timeout, context_.ending))
                : 0;
  if (err == 0) return {};
  return Outcome::failed(err == ETIMEDOUT ? step::cgroup_kill::wait : step::cgroup_kill::kill, err);
}

Outcome HostHandler::on(const CgroupRemove &op) {
  RecordCgroup own;
  int err = find_own(op.dir, own) ? remove_cgroup(own, op.timeout, take_parent(context_, own)) : 0;
  return err == 0 ? Outcome::success() : Outcome::failed(step::cgroup_remove::rmdir, err);
}

bool HostHandler::find_own(const CgroupDir &dir, RecordCgroup &own) {
  return record_find_cgroup(*context_.record, dir.mount, dir.path, own);
}

const FreezerCgroup *HostHandler::find_own(const Optional<Freezer> &freezer, FreezerCgroup &own) {
  if (!freezer || !find_own(freezer.value.dir, own.cgroup)) return nullptr;
  own.version = freezer.value.version;
  return &own;
}

int HostHandler::open_own(const CgroupDir &dir, int flags) {
  for (unsigned i = 0; i < context_.cgroup_count; i++) {
    const HeldCgroup &held = context_.cgroups[i];
    if (held.directory.valid() && held.cgroup.mount == dir.mount && held.cgroup.path == dir.path)
      return open_below_cgroup(held.directory.get(), "", flags);
  }
  return open_own_cgroup(context_.record, dir.mount, dir.path, flags);
}

} // namespace veloci

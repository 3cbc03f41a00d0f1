// criu.start, criu.await.
#include "base/path.h"
#include "base/search.h"
#include "base/sys.h"
#include "executor/criu/criu_process.h"
#include "executor/criu/criu_root.h"
#include "file/files.h"
#include "executor/handler.h"
#include "process/process.h"
#include "executor/process/spawn.h"
#include "executor/state/state.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace veloci {

namespace {

namespace steps = step::criu_start;

constexpr char null_device[] = "/dev/null";

void undo_start(Context &context, const void *) {
  bool restoring = context.criu.request == CriuRequest::restore;
  end_criu(context);
  context.criu.socket.reset();
  // Restored processes are our children; their cgroup ends what init's end does not.
  if (restoring) end_children(context);
}

// A mount point with its symbolic links resolved, as far as it is there: by this name CRIU knows it.
void resolve(int root, Str path, Text &resolved) {
  TextOf<32> link;
  TextOf<4096> whole, place, from;
  auto name_of = [&](int fd, Text &name) {
    link.clear();
    name.clear();
    link.add("/proc/self/fd/").add_signed(fd);
    ssize_t size = readlink(link.c_str(), name.tail(), name.room());
    name.grew(size < 0 ? 0 : static_cast<size_t>(size));
  };
  name_of(root, from);
  place.add(path);
  Fd ancestor(open_in_root(root, place.c_str(), O_PATH));
  while (!ancestor.valid() && place.size() > 0) {
    size_t end = place.size();
    do end--;
    while (end > 0 && place.data()[end] != '/');
    place.truncate(end);
    ancestor.reset(open_in_root(root, end > 0 ? place.c_str() : "/", O_PATH));
  }
  if (ancestor.valid()) name_of(ancestor.get(), whole);
  bool is_below = from.size() > 1 && whole.size() >= from.size() && memcmp(whole.data(), from.data(), from.size()) == 0;
  size_t skipped = is_below ? from.size() : 0;
  resolved.clear();
  if (whole.size() > skipped + 1 || whole.size() == 0) resolved.add(whole.data() + skipped, whole.size() - skipped);
  resolved.add(path.data + place.size(), path.size - place.size());
}

// Makes the mount points that are missing; like init, never outside of the root file system or of what is bound.
Outcome make_targets(const CriuStart &op) {
  if (op.targets.empty()) return {};
  // As init does: no link leads to another tree.
  Fd root(sys::openat2(AT_FDCWD, op.rootfs.c_str(), {O_PATH | O_DIRECTORY | O_CLOEXEC, 0, sys::resolve_no_symlinks}));
  if (!root.valid()) return Outcome::failed(steps::target);
  for (const CriuTarget &target : op.targets) {
    struct stat status;
    bool is_file = target.source && stat(target.source.value.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
    Fd source(target.below ? open(target.below.value.c_str(), O_PATH | O_CLOEXEC) : -1);
    if (target.below && (!source.valid() || fstat(source.get(), &status) != 0)) return Outcome::failed(steps::target);
    if (target.below && !S_ISDIR(status.st_mode)) continue;
    Fd created(make_in_root(target.below ? source.get() : root.get(), target.path,
                            is_file ? Missing::file : Missing::directory, is_file ? 0644 : 0755));
    if (!created.valid()) return Outcome::failed(steps::target);
  }
  return {};
}

// Options that depend on the processes of the container.
class DumpOptions {
public:
  DumpOptions(const Context &context, ProtoWriter &writer) : context_(context), writer_(writer) {}

  Outcome add(const CriuStart &op) {
    const Record &record = *context_.record;
    Fd pidfd;
    if (int err = open_identified(record.pid, record.start_time, pidfd); err != 0)
      return Outcome::failed(steps::send, err);
    writer_.number(criu_option::pid, static_cast<uint64_t>(record.pid));
    for (const CriuNamespace &entry : op.namespaces) {
      if (!add_namespace(entry)) return Outcome::failed(steps::namespace_);
    }
    add_outside(op.outside);
    // By the descriptor of the cgroup that the record means.
    TextOf<32> freezer;
    freezer.add("/proc/self/fd/").add_signed(criu_fd::freezer);
    if (!op.cgroups.empty()) writer_.bytes(criu_option::freeze_cgroup, freezer.str());
    add_masked(op.masked);
    // All that was read of /proc was this process's, if it is still there.
    if (pidfd_wait(pidfd.get(), 0)) return Outcome::failed(steps::send, ESRCH);
    if (op.request == CriuRequest::pre_dump) return {};
    return write_descriptors();
  }

private:
  bool proc_path(Text &path, const char *name) {
    path.add("/proc/").add_signed(context_.record->pid).add_char('/').add(name);
    return path.complete();
  }

  // net[4026531992]:NAME
  bool add_namespace(const CriuNamespace &entry) {
    TextOf<64> path;
    TextOf<256> external;
    proc_path(path, "ns/");
    path.add(entry.type);
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return false;
    external.add(entry.type).add_char('[').add_number(status.st_ino).add("]:").add(entry.key);
    writer_.bytes(criu_option::external, external.str());
    return true;
  }

  void add_outside(const List<CriuOutside> &mounts) {
    TextOf<64> path;
    TextOf<4096> name;
    proc_path(path, "root");
    Fd root(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (const CriuOutside &mount : mounts) {
      resolve(root.get(), mount.target, name);
      writer_.pair(criu_option::ext_mnt, name.str(), name.str());
    }
  }

  // Files that are covered by the null device of the host. (Directories are covered by file systems of the container.)
  void add_masked(const List<Str> &paths) {
    TextOf<64> path;
    proc_path(path, "root");
    Fd root(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return;
    for (const Str &masked : paths) {
      Fd file(open_in_root(root.get(), masked.c_str(), O_PATH));
      struct stat status;
      if (!file.valid() || fstat(file.get(), &status) != 0) continue;
      if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) continue;
      writer_.pair(criu_option::ext_mnt, masked, Str::of(null_device));
    }
  }

  // Whether a mount is one of the container's.
  bool is_mounted(uint64_t mount) {
    TextOf<64> path;
    proc_path(path, "mountinfo");
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Buffer text;
    constexpr size_t largest = 16 << 20;
    if (!file.valid() || read_all(file.get(), largest, text) != 0) return true;
    for (const char *line = text.str().c_str(); line != nullptr && *line != 0;) {
      if (strtoull(line, nullptr, 10) == mount) return true;
      line = strchr(line, '\n');
      if (line != nullptr) line++;
    }
    return false;
  }

  // The key of a regular file outside of the container's mounts, file[MOUNT:INODE] in hexadecimal: CRIU leaves it out.
  bool add_outside_file(const char *path, Text &key) {
    Fd file(open(path, O_PATH | O_CLOEXEC));
    sys::Statx status = {};
    if (!file.valid() || sys::statx(file.get(), "", AT_EMPTY_PATH, sys::statx_basic | sys::statx_mnt_id, status) != 0)
      return false;
    if (!S_ISREG(status.mode) || (status.mask & sys::statx_mnt_id) == 0 || is_mounted(status.mnt_id)) return false;
    char text[64];
    snprintf(text, sizeof text, "file[%llx:%llx]", static_cast<unsigned long long>(status.mnt_id),
             static_cast<unsigned long long>(status.ino));
    key.add(text);
    writer_.bytes(criu_option::external, key.str());
    return true;
  }

  // What the restore finds its own stdin, stdout and stderr by.
  Outcome write_descriptors() {
    TextOf<3 * 6 * 4096> text;
    text.add_char('[');
    for (int fd = 0; fd <= 2; fd++) {
      TextOf<64> path;
      TextOf<4096> what;
      proc_path(path, "fd/");
      path.add_signed(fd);
      if (!add_outside_file(path.c_str(), what)) {
        ssize_t size = readlink(path.c_str(), what.tail(), what.room());
        what.grew(size < 0 ? 0 : static_cast<size_t>(size));
      }
      add_json(text.add(fd == 0 ? "" : ","), what.str());
    }
    text.add_char(']');
    int step = 0;
    Bytes bytes{reinterpret_cast<const uint8_t *>(text.data()), text.size()};
    int err = replace_file(context_.criu.images.get(), state_name::descriptors, bytes, 0600, step);
    return err == 0 ? Outcome::success() : Outcome::failed(steps::descriptors, err);
  }

  const Context &context_;
  ProtoWriter &writer_;
};

Outcome check_version(Context &context, uint32_t oldest) {
  CriuResponse response;
  Fd none;
  if (!ask_criu_version(context.criu.socket.get())) return Outcome::failed(steps::version);
  // A dump is not interrupted, but nothing has begun yet.
  Signals own; // what asks us to stop is blocked and pending all the same
  Signals *signals = context.signals != nullptr ? context.signals : &own;
  if (int err = await_readable(context.criu.socket.get(), signals, wait_limit); err != 0)
    return Outcome::failed(steps::version, err);
  if (int err = receive_criu(context, response, none); err != 0) return Outcome::failed(steps::version, err);
  if (response.type != static_cast<uint64_t>(CriuType::version) || !response.success) {
    return Outcome::failed(steps::version, EPROTO);
  }
  if (response.version >= oldest) return {};
  Text &words = context.failure.detail.words();
  words.add_number(response.version / 10000).add_char('.').add_number(response.version / 100 % 100);
  words.add_char('.').add_number(response.version % 100);
  return Outcome::failed(steps::old, ENOTSUP);
}

CriuType type_of(CriuRequest request) {
  switch (request) {
  case CriuRequest::dump: return CriuType::dump;
  case CriuRequest::pre_dump: return CriuType::pre_dump;
  case CriuRequest::restore: return CriuType::restore;
  }
  return CriuType::dump;
}

// The container's init, as soon as CRIU knows it.
int take_init(Context &context, int64_t pid) {
  if (pid <= 1 || context.init.pid == pid) return pid <= 1 ? ESRCH : 0;
  ProcessStat stat;
  Fd pidfd(sys::pidfd_open(static_cast<pid_t>(pid), 0));
  if (!pidfd.valid()) return errno;
  if (int err = read_process_stat(static_cast<int>(pid), stat); err != 0) return err;
  context.init.pid = static_cast<pid_t>(pid);
  context.init.pidfd = static_cast<Fd &&>(pidfd);
  context.record->start_time = stat.start_time;
  __atomic_store_n(&context.record->pid, context.init.pid, __ATOMIC_RELEASE);
  return 0;
}

void explain(Context &context, const CriuResponse &response) {
  TextOf<detail_max> reason;
  read_criu_log(context.criu, reason);
  if (reason.size() == 0) reason.add(response.error.str());
  if (reason.size() == 0) reason.add("it does not say why");
  context.failure.detail.words().add(reason.str());
}

Outcome finish(Context &context, const CriuResponse &response) {
  namespace steps = step::criu_await;
  CriuJob &job = context.criu;
  job.answered = true;
  // After a dump of the memory CRIU waits for the next request, or for this end.
  shutdown(job.socket.get(), SHUT_WR);
  bool restoring = job.request == CriuRequest::restore;
  if (!response.success) {
    explain(context, response);
    reap_criu(context);
    return Outcome::failed(restoring ? steps::restore : steps::dump, EIO);
  }
  if (restoring) {
    if (int err = take_init(context, response.restored_pid); err != 0) return Outcome::failed(steps::record, err);
    record_set_stage(*context.record, Stage::executing);
    // A stager has held the place in a unit of systemd until now; the end of its socket ends it.
    context.socket.reset();
  }
  reap_criu(context);
  return {};
}

void add_config(ProtoWriter &writer, const List<Str> &configs) {
  for (Str path : configs) {
    if (access(path.c_str(), F_OK) != 0) continue;
    writer.bytes(criu_option::config_file, path);
    return;
  }
}

} // namespace

Outcome HostHandler::on(const CriuStart &op) {
  CriuJob &job = context_.criu;
  job.request = op.request;
  job.log = op.log;
  if (!context_.undo.push(undo_start)) return Outcome::failed(steps::spawn);
  TextOf<4096> path;
  if (int err = find_program(op.criu, path); err != 0) return Outcome::failed(steps::find, err);
  if (Outcome opened = open_criu_folders(context_, op); !opened.ok()) return opened;
  if (Outcome created = make_targets(op); !created.ok()) return created;
  bool restoring = op.request == CriuRequest::restore;
  Pages memory;
  size_t size =
      op.options.size + op.masked.size() * 8448 + op.outside.size() * 17408 + op.namespaces.size() * 512 + 5120;
  if (!memory.allocate(size)) return Outcome::failed(steps::send);
  Text options(memory.data(), size);
  options.add(reinterpret_cast<const char *>(op.options.data), op.options.size);
  ProtoWriter writer(options);
  writer.number(criu_option::images_dir_fd, criu_fd::images);
  if (job.work.valid()) writer.number(criu_option::work_dir_fd, criu_fd::work);
  if (op.status_fd >= 0) writer.number(criu_option::status_fd, criu_fd::status);
  add_config(writer, op.configs);
  Fd namespaces[criu_fd::namespaces_max];
  uint32_t count = 0;
  if (restoring) {
    Fd root(open(op.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    TextOf<4096> name;
    for (const CriuOutside &mount : op.outside) {
      resolve(root.get(), mount.target, name);
      writer.pair(criu_option::ext_mnt, name.str(), mount.source);
      // Where the links themselves come with a mount, and as earlier versions named it.
      if (!(name.str() == mount.target)) writer.pair(criu_option::ext_mnt, mount.target, mount.source);
    }
    for (const CriuNamespace &entry : op.namespaces) {
      // One of each kind.
      if (count == criu_fd::namespaces_max) return Outcome::failed(steps::namespace_, EBADMSG);
      namespaces[count].reset(open(entry.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
      if (!namespaces[count].valid()) return Outcome::failed(steps::namespace_);
      writer.pair(criu_option::inherit_fd, entry.key, static_cast<uint64_t>(criu_fd::namespaces) + count);
      count++;
    }
  }
  if (Outcome spawned = spawn_criu(context_, op, path.str(), namespaces, count); !spawned.ok()) return spawned;
  if (Outcome checked = check_version(context_, op.oldest); !checked.ok()) return checked;
  if (!restoring) {
    if (Outcome added = DumpOptions(context_, writer).add(op); !added.ok()) return added;
  }
  if (!options.complete()) return Outcome::failed(steps::send, EBADMSG);
  if (!send_criu(job.socket.get(), type_of(op.request), options.str())) return Outcome::failed(steps::send);
  return {};
}

Outcome HostHandler::on(const CriuAwait &op) {
  namespace steps = step::criu_await;
  CriuJob &job = context_.criu;
  while (!job.answered) {
    // A notification that ended the operation before this one is answered now: CRIU has waited meanwhile.
    if (job.waiting && !answer_criu(job.socket.get())) return Outcome::failed(steps::receive);
    job.waiting = false;
    CriuResponse response;
    Fd fd;
    if (int err = receive_criu(context_, response, fd); err != 0) {
      explain(context_, response);
      return Outcome::failed(err == ETIME ? steps::still : steps::receive, err);
    }
    if (response.type != static_cast<uint64_t>(CriuType::notify)) return finish(context_, response);
    job.waiting = true;
    Str event = response.script.str();
    if (event == Str::of("orphan-pts-master") && fd.valid() && op.console)
      context_.slots[op.console.value] = static_cast<Fd &&>(fd);
    if (event == Str::of("setup-namespaces")) {
      if (int err = take_init(context_, response.notify_pid); err != 0) return Outcome::failed(steps::record, err);
      if (op.until == CriuPoint::namespaces) return {};
    }
    if (op.readonly && event == Str::of("post-restore")) {
      if (int err = close_restored_root(*context_.record); err != 0) {
        context_.failure.detail.words().add("its root file system cannot be made read-only");
        return Outcome::failed(steps::restore, err);
      }
    }
  }
  return {};
}

} // namespace veloci

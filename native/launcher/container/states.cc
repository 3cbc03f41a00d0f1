#include "launcher/container/states.h"
#include "base/sys.h"
#include "executor/state/record_wait.h"
#include "process/process.h"
#include "executor/state/state.h"
#include "launcher/container/end.h"
#include "launcher/container/root.h"
#include "executor/log/problem.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t state_json_max = 16 << 20;

bool has_members(Str object) {
  // Whatever is in `{}` but blanks.
  return object.size > 2 && strspn(object.data + 1, " \t\r\n") + 2 < object.size;
}

} // namespace

int ContainerView::read_record(int dir, const char *name) {
  // By a path in a directory that nobody else can write to.
  Fd file(
      sys::openat2(dir, name, {O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, sys::resolve_beneath | sys::resolve_no_symlinks}));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return is_own_lack(errno) ? errno : EBADMSG;
  if (!S_ISREG(info.st_mode)) return EBADMSG;
  ssize_t size = ::read(file.get(), &record_, sizeof record_);
  if (size < 0) return is_own_lack(errno) ? errno : EBADMSG;
  memset(reinterpret_cast<char *>(&record_) + size, 0, sizeof record_ - static_cast<size_t>(size));
  return record_whole(record_, info.st_size) ? 0 : EBADMSG;
}

// Into the memory of the one before, as long as that is large enough.
int ContainerView::read_state_json(int dir, const char *name) {
  Fd file(
      sys::openat2(dir, name, {O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, sys::resolve_beneath | sys::resolve_no_symlinks}));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EINVAL;
  constexpr size_t usual = 16384;
  if (text_.capacity() < usual && !text_.reserve(usual)) return errno;
  ssize_t size = info.st_size < static_cast<off_t>(text_.capacity())
                     ? ::read(file.get(), text_.data(), text_.capacity() - 1)
                     : static_cast<ssize_t>(usual);
  if (size < 0) return errno;
  // As large as it says, and no larger: it is replaced as a whole.
  if (size != info.st_size) return read_all(file.get(), state_json_max, text_);
  text_.set_size(static_cast<size_t>(size));
  text_.data()[size] = 0;
  return 0;
}

int ContainerView::read_files(int dir, const Names &names) {
  damage_ = Str::of("its record cannot be read");
  if (int err = read_record(dir, names.record); err != 0) return err;
  if (int err = container_status(record_, status_, &freezers_); err != 0) return err;
  if (status_ == Status::creating) return EINPROGRESS;
  damage_ = Str::of("its state.json cannot be read");
  json_ = {};
  int err = read_state_json(dir, names.state);
  if (is_own_lack(err)) return err;
  bool whole = err == 0 && parse_state_json(text_.str(), json_) && is_json_string(json_.id, id_);
  return whole ? 0 : EBADMSG;
}

int ContainerView::read_at_once(int root) {
  TextOf<280> record, state;
  record.add(id_).add_char('/').add(state_name::record);
  state.add(id_).add_char('/').add(state_name::state);
  return read_files(root, {record.c_str(), state.c_str()});
}

int ContainerView::read(int root, Str id) {
  id_ = id;
  // Whatever is wrong, the longer way finds out.
  if (read_at_once(root) == 0) return 0;
  Fd dir(openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir.valid()) return errno == ENOTDIR || errno == ELOOP ? ENOENT : errno;
  RecordWait wait;
  int err = 0;
  do err = read_files(dir.get(), {state_name::record, state_name::state});
  while (err == EBADMSG && wait.again(dir.get()));
  return err == EBADMSG ? RecordWait::meaning(dir.get()) : err;
}

size_t ContainerView::size() const {
  constexpr size_t words = 384 + end_size_max;
  return words + 2 * text_.size() + indented_size(json_.annotations, 1);
}

void ContainerView::add_state(Text &out) const {
  out.add("{\n  \"ociVersion\": ").add(json_.version).add(",\n  \"id\": ").add(json_.id);
  out.add(",\n  \"pid\": ").add_signed(pid()).add(",\n  \"status\": \"").add(status_name(status_));
  out.add("\",\n  \"bundle\": ").add(json_.bundle);
  if (!json_.rootfs.empty()) out.add(",\n  \"rootfs\": ").add(json_.rootfs);
  if (!json_.created.empty()) out.add(",\n  \"created\": ").add(json_.created);
  if (has_members(json_.annotations)) add_indented(out.add(",\n  \"annotations\": "), json_.annotations, 1);
  // The command is the container's owner's own; only `list` names the owner.
  out.add(",\n  \"owner\": \"\"");
  if (status_ == Status::stopped) add_end(out, record_);
  out.add("\n}");
}

void ContainerView::add_row(Text &out) const {
  out.add("{\"ociVersion\":").add(json_.version).add(",\"id\":").add(json_.id).add(",\"pid\":").add_signed(pid());
  out.add(",\"status\":\"").add(status_name(status_)).add("\",\"bundle\":").add(json_.bundle);
  if (!json_.rootfs.empty()) out.add(",\"rootfs\":").add(json_.rootfs);
  if (!json_.created.empty()) out.add(",\"created\":").add(json_.created);
  if (has_members(json_.annotations)) out.add(",\"annotations\":").add(json_.annotations);
  if (!json_.owner.empty()) out.add(",\"owner\":").add(json_.owner);
  out.add_char('}');
}

int write_state(Str root_path, Str id, Log &log, Buffer &out) {
  if (const char *why = id_fault(id)) {
    show(log, IdInvalid{.id = id, .why = Str::of(why)});
    return EINVAL;
  }
  Fd root;
  ContainerView view;
  int err = open_root(root_path, false, root, log);
  if (err != 0 && err != ENOENT) return err;
  if (int fault = procfs_fault(); err == 0 && fault != 0) {
    show(log, ProcMissing{.errno_ = ErrnoText(fault)});
    return fault;
  }
  if (err == 0) err = view.read(root.get(), id);
  if (err == 0 && !out.reserve(view.size())) err = errno;
  switch (err) {
  case 0: break;
  case ENOENT: show(log, ContainerMissing{.id = id, .root = root_path}); return err;
  case EINPROGRESS: show(log, StillCreating{.id = id}); return err;
  case EBADMSG: show(log, StateDamaged{.id = id, .what = view.damage()}); return err;
  default: show(log, SystemCall{.what = what::write_state, .errno_ = ErrnoText(err)}); return err;
  }
  Text text(reinterpret_cast<char *>(out.data()), out.capacity());
  view.add_state(text);
  out.set_size(text.size());
  return 0;
}

} // namespace veloci

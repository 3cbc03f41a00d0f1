#include "launcher/container/states.h"
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

int ContainerView::read_record(int dir) {
  Fd file(openat(dir, state_name::record, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return is_own_lack(errno) ? errno : EBADMSG;
  memset(&record_, 0, sizeof record_);
  if (!S_ISREG(info.st_mode)) return EBADMSG;
  if (::read(file.get(), &record_, sizeof record_) < 0) return is_own_lack(errno) ? errno : EBADMSG;
  return record_whole(record_, info.st_size) ? 0 : EBADMSG;
}

int ContainerView::read_files(int dir) {
  damage_ = Str::of("its record cannot be read");
  if (int err = read_record(dir); err != 0) return err;
  if (int err = container_status(record_, status_); err != 0) return err;
  if (status_ == Status::creating) return EINPROGRESS;
  damage_ = Str::of("its state.json cannot be read");
  json_ = {};
  int err = read_file(dir, state_name::state, state_json_max, O_NOFOLLOW, text_);
  if (is_own_lack(err)) return err;
  bool whole = err == 0 && parse_state_json(text_.str(), json_) && is_json_string(json_.id, id_);
  return whole ? 0 : EBADMSG;
}

int ContainerView::read(int root, Str id) {
  id_ = id;
  Fd dir(openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir.valid()) return errno == ENOTDIR || errno == ELOOP ? ENOENT : errno;
  RecordWait wait;
  int err = 0;
  do err = read_files(dir.get());
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

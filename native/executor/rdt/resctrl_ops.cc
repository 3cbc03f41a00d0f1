// rdt.join, rdt.update, rdt.remove: the container's class of service and monitoring group (Intel RDT).
#include "executor/handler.h"
#include "executor/rdt/resctrl.h"
#include "file/files.h"
#include <fcntl.h>
#include <sys/stat.h>

namespace veloci {

namespace {

constexpr mode_t group_mode = 0755;
// A line for each resource, with a part for each cache: as long as the machine is large.
constexpr size_t no_limit = SIZE_MAX;

// What rdt.update has changed.
struct Before {
  Str group;
  Buffer schemata;
};

Bytes bytes_of(const char *text, size_t size) { return {reinterpret_cast<const uint8_t *>(text), size}; }

// The lines of a group. 0 or an errno.
int read_schemata(int group, Buffer &text) {
  Fd file(openat(group, "schemata", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file.valid() ? read_all(file.get(), no_limit, text) : errno;
}

int open_directory(int dir, const char *name) {
  return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void remove_monitor(int root, Str group, Str name) {
  Fd dir(open_directory(root, group.empty() ? "." : group.c_str()));
  Fd monitors(dir.valid() ? open_directory(dir.get(), "mon_groups") : -1);
  if (monitors.valid()) unlinkat(monitors.get(), name.c_str(), AT_REMOVEDIR);
}

void undo_join(Context &, RdtJoin &op) {
  Fd root(resctrl::open_root());
  if (!root.valid()) return;
  if (op.monitor) remove_monitor(root.get(), op.group, op.monitor.value);
  if (op.form == RdtJoinForm::own) unlinkat(root.get(), op.group.c_str(), AT_REMOVEDIR);
}

void undo_update(Context &, Before &before) {
  Fd root(resctrl::open_root());
  Fd group(root.valid() ? open_directory(root.get(), before.group.empty() ? "." : before.group.c_str()) : -1);
  if (group.valid()) resctrl::write_schemata(group.get(), before.schemata.bytes());
}

// The words of the kernel about a write that it has refused.
void add_status(int root, Detail &detail) {
  int err = errno;
  Fd file(openat(root, "info/last_cmd_status", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  char text[512];
  ssize_t size = file.valid() ? ::read(file.get(), text, sizeof text) : -1;
  if (size > 0) detail.words().add(text, static_cast<size_t>(size));
  errno = err;
}

} // namespace

Outcome HostHandler::on(const RdtJoin &op) {
  namespace steps = step::rdt_join;
  Detail &detail = context_.failure.detail;
  Fd root(resctrl::open_root());
  if (!root.valid()) return Outcome::failed(steps::mount);
  bool created = op.form != RdtJoinForm::present && mkdirat(root.get(), op.group.c_str(), group_mode) == 0;
  int refused = created ? 0 : errno;
  if (op.form == RdtJoinForm::own && !created) return Outcome::failed(steps::create, refused);
  if (context_.undo.keep(undo_join, RdtJoin(op)) == nullptr) return Outcome::failed(steps::create);
  if (op.form == RdtJoinForm::shared && !created && refused != EEXIST) return Outcome::failed(steps::create, refused);
  Fd group(open_directory(root.get(), op.group.empty() ? "." : op.group.c_str()));
  if (!group.valid()) return Outcome::failed(steps::group);
  if (!created) {
    Buffer text;
    if (int err = read_schemata(group.get(), text); err != 0) return Outcome::failed(steps::compare, err);
    for (Str line : op.compare) {
      if (resctrl::has_schema(text.str(), line)) continue;
      detail.words().add(line);
      return Outcome::failed(steps::compare, EEXIST);
    }
  }
  if (!op.schemata.empty()) {
    int err = resctrl::write_schemata(group.get(), bytes_of(op.schemata.data, op.schemata.size));
    if (err != 0) add_status(root.get(), detail);
    if (err != 0) return Outcome::failed(steps::schemata, err);
  }
  if (int err = resctrl::add_task(group.get(), context_.init.pid); err != 0) return Outcome::failed(steps::tasks, err);
  if (!op.monitor) return {};
  Fd monitors(open_directory(group.get(), "mon_groups"));
  if (!monitors.valid() || mkdirat(monitors.get(), op.monitor.value.c_str(), group_mode) != 0)
    return Outcome::failed(steps::monitor);
  Fd monitor(open_directory(monitors.get(), op.monitor.value.c_str()));
  if (!monitor.valid()) return Outcome::failed(steps::monitor);
  int err = resctrl::add_task(monitor.get(), context_.init.pid);
  return err == 0 ? Outcome::success() : Outcome::failed(steps::monitor, err);
}

Outcome HostHandler::on(const RdtUpdate &op) {
  namespace steps = step::rdt_update;
  Fd root(resctrl::open_root());
  if (!root.valid()) return Outcome::failed(steps::mount);
  Fd group(open_directory(root.get(), op.group.empty() ? "." : op.group.c_str()));
  if (!group.valid()) return Outcome::failed(steps::group);
  Before before;
  before.group = op.group;
  if (int err = read_schemata(group.get(), before.schemata); err != 0) return Outcome::failed(steps::read, err);
  if (context_.undo.keep(undo_update, static_cast<Before &&>(before)) == nullptr) return Outcome::failed(steps::read);
  int err = resctrl::write_schemata(group.get(), bytes_of(op.schemata.data, op.schemata.size));
  if (err != 0) add_status(root.get(), context_.failure.detail);
  return err == 0 ? Outcome::success() : Outcome::failed(steps::schemata, err);
}

Outcome HostHandler::on(const RdtRemove &op) {
  Fd root(resctrl::open_root());
  if (!root.valid()) return {}; // unmounted: nothing of it is left
  if (op.monitor) remove_monitor(root.get(), op.group, op.monitor.value);
  if (!op.own || unlinkat(root.get(), op.group.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return Outcome::failed(step::rdt_remove::rmdir);
}

} // namespace veloci

// sync.* and fd.*: what goes between the host side and stager or init.
#include "base/sys.h"
#include "executor/process/channel.h"
#include "executor/handler.h"
#include <fcntl.h>

namespace veloci {

Outcome HostHandler::on(const SyncSignal &op) {
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::sync);
  header.point = static_cast<uint8_t>(op.point);
  int err = tell(context_, header);
  return err == 0 ? Outcome::success() : Outcome::failed(step::sync_signal::send, err);
}

Outcome HostHandler::on(const SyncAwait &op) {
  Message message;
  Fd fd;
  int err = await_message(context_, MessageType::sync, static_cast<uint8_t>(op.point), message, fd);
  return err == 0 ? Outcome::success() : Outcome::failed(step::sync_await::receive, err);
}

Outcome HostHandler::on(const FdSend &op) {
  Fd &slot = context_.slots[op.slot];
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::fd);
  header.point = op.slot;
  if (!slot.valid()) return Outcome::failed(step::fd_send::send, EBADF);
  if (int err = tell(context_, header, slot.get()); err != 0) return Outcome::failed(step::fd_send::send, err);
  slot.reset();
  return {};
}

Outcome HostHandler::on(const FdReceive &op) {
  Message message;
  Fd fd;
  int err = await_message(context_, MessageType::fd, op.slot, message, fd);
  if (err == 0 && !fd.valid()) err = EBADMSG;
  if (err != 0) return Outcome::failed(step::fd_receive::receive, err);
  context_.slots[op.slot] = static_cast<Fd &&>(fd);
  return {};
}

Outcome HostHandler::on(const FdOpen &op) {
  constexpr unsigned tree = sys::open_tree_clone | sys::open_tree_cloexec;
  const unsigned link = op.follow ? 0 : sys::at_symlink_nofollow;
  int fd = -1;
  switch (op.form) {
  case FdOpenForm::path: fd = open(op.path.c_str(), O_PATH | O_CLOEXEC | (op.follow ? 0 : O_NOFOLLOW)); break;
  case FdOpenForm::tree: fd = sys::open_tree(AT_FDCWD, op.path.c_str(), tree | link); break;
  case FdOpenForm::recursive_tree:
    fd = sys::open_tree(AT_FDCWD, op.path.c_str(), tree | link | sys::at_recursive);
    break;
  }
  if (fd < 0) return Outcome::failed(step::fd_open::open);
  context_.slots[op.slot].reset(fd);
  return {};
}

} // namespace veloci

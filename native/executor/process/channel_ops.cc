// sync.* and fd.*: what goes between the host side and stager or init.
#include "executor/process/channel.h"
#include "executor/handler.h"
#include "executor/mount/host_tree.h"
#include "plan/propagation.h"
#include <fcntl.h>

namespace veloci {

Outcome HostHandler::on(const SyncSignal &op) {
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::sync);
  header.point = static_cast<uint8_t>(op.point);
  int err = send_to_container(context_, header);
  return err == 0 ? Outcome::success() : Outcome::failed(step::sync_signal::send, err);
}

Outcome HostHandler::on(const SyncAwait &op) {
  Message message;
  Fd fd;
  int err = await_message(context_, MessageType::sync, static_cast<uint8_t>(op.point), message, fd);
  if (err != 0) return Outcome::failed(step::sync_await::receive, err);
  // Else init says so itself.
  if (op.point == Point::created && context_.apart) record_set_stage(*context_.record, Stage::created);
  return {};
}

Outcome HostHandler::on(const FdSend &op) {
  Fd &slot = context_.slots[op.slot];
  MessageHeader header;
  header.type = static_cast<uint8_t>(MessageType::fd);
  header.point = op.slot;
  if (!slot.valid()) return Outcome::failed(step::fd_send::send, EBADF);
  if (int err = send_to_container(context_, header, slot.get()); err != 0)
    return Outcome::failed(step::fd_send::send, err);
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
  HostTree tree = {.path = op.path.c_str(),
                   .recursive = op.form == FdOpenForm::recursive_tree,
                   .follow = op.follow,
                   .propagation = propagation_flag(op.propagation)};
  bool is_path = op.form == FdOpenForm::path;
  int fd = is_path ? open(op.path.c_str(), O_PATH | O_CLOEXEC | (op.follow ? 0 : O_NOFOLLOW)) : clone_host_tree(tree);
  if (fd < 0) return Outcome::failed(step::fd_open::open);
  context_.slots[op.slot].reset(fd);
  return {};
}

} // namespace veloci

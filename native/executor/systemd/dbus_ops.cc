// dbus.send.
#include "executor/systemd/dbus.h"
#include "executor/handler.h"
#include "wait/deadline.h"
#include "executor/process/spawn.h"
#include <fcntl.h>

namespace veloci {

namespace {

namespace steps = step::dbus_send;

// What a plan has sent, for its undo: one unit for a container.
struct Sent {
  DbusSend op;
  bool effective = false;
} sent;

// The first socket that answers; others are tried where there is none, or not for us.
Outcome connect(Dbus &bus, const DbusSend &op, bool &broker, Text &words) {
  Outcome outcome = Outcome::failed(steps::connect, ENOENT);
  for (const DbusSocket &socket : op.sockets) {
    bool authenticated;
    int err = bus.connect(socket.path, authenticated);
    broker = socket.broker;
    if (err == 0) return {};
    if (words.size() == 0) words.add(socket.path);
    // One that does not let us in says more than one that is missing.
    if (outcome.step != steps::auth)
      outcome = Outcome::failed(err == ENOENT || err == ECONNREFUSED ? steps::connect : steps::auth, err);
    if (err == ETIMEDOUT || err == EINTR) break;
  }
  return outcome;
}

// The bytes of a call with the pid in its place; plans are not written to.
Outcome send_with_pid(Dbus &bus, Bytes message, uint32_t offset, int pid) {
  if (message.size < 4 || offset > message.size - 4) return Outcome::failed(steps::send, EBADMSG);
  size_t behind = offset + 4;
  int err = bus.send({message.data, offset});
  if (err == 0) err = bus.send({reinterpret_cast<const uint8_t *>(&pid), 4});
  if (err == 0) err = bus.send({message.data + behind, message.size - behind});
  return err == 0 ? Outcome::success() : Outcome::failed(steps::send, err);
}

bool accepts(const DbusSend &op, Str name) {
  for (const Str &accepted : op.accept) {
    if (accepted == name) return true;
  }
  return false;
}

// Sends one call after the other. `pid` 0: none has a hole. `name` is that of the error that refuses one.
Outcome converse(Dbus &bus, const DbusSend &op, const List<Bytes> &calls, bool broker, int pid, Text &name) {
  uint32_t serial = 0;
  for (const Bytes &message : op.greeting) {
    serial++;
    if (!broker) continue;
    if (int err = bus.send(message); err != 0) return Outcome::failed(steps::send, err);
    switch (bus.await_answer(serial, name)) {
    case Dbus::Answer::success: break;
    case Dbus::Answer::error: return Outcome::failed(steps::refused, EREMOTEIO);
    case Dbus::Answer::broken: return Outcome::failed(steps::reply);
    }
  }
  bool job = false;
  for (const Bytes &message : calls) {
    serial++;
    if (op.pid_at && pid > 0 && serial == op.greeting.size() + calls.size()) {
      if (Outcome outcome = send_with_pid(bus, message, op.pid_at.value, pid); !outcome.ok()) return outcome;
    } else if (int err = bus.send(message); err != 0) {
      return Outcome::failed(steps::send, err);
    }
    Dbus::Answer answer = bus.await_answer(serial, name);
    if (answer == Dbus::Answer::broken) return Outcome::failed(steps::reply);
    job = answer == Dbus::Answer::success;
    if (!job && !accepts(op, name.str())) return Outcome::failed(steps::refused, EREMOTEIO);
  }
  if (!op.job || !job) return {};
  int err = bus.await_job();
  return err == 0 ? Outcome::success() : Outcome::failed(steps::job, err);
}

void undo_send(Context &, const void *) {
  if (!sent.effective) return;
  TextOf<512> words;
  constexpr uint32_t time_limit = 10000;
  Dbus bus(words, nullptr, time_limit);
  bool broker;
  if (!connect(bus, sent.op, broker, words).ok()) return;
  TextOf<256> name;
  converse(bus, sent.op, sent.op.undo, broker, 0, name);
}

// Whether a process is in the cgroup of a unit, or below it.
bool is_in_unit(int pid, Str unit) {
  TextOf<64> path;
  Fd file(open(path.add("/proc/").add_signed(pid).add("/cgroup").c_str(), O_RDONLY | O_CLOEXEC));
  TextOf<4096> cgroups;
  if (!file.valid() || !read_small(file.get(), cgroups)) return false;
  for (const char *steps = cgroups.c_str(); (steps = strstr(steps, unit.c_str())) != nullptr; steps += unit.size) {
    char after = steps[unit.size];
    if (steps > cgroups.c_str() && steps[-1] == '/' && (after == '/' || after == '\n')) return true;
  }
  return false;
}

// What a service that is just starting anew does to who talks to it.
bool is_passing(Outcome outcome, const DbusSend &op, Str name, bool again) {
  if (outcome.step == steps::refused) {
    // That the unit exists, too: it will have the stager in a moment.
    if (again && op.pid_at) return true;
    for (const Str &error : op.retry.value.errors) {
      if (error == name) return true;
    }
    return false;
  }
  // Its socket is missing for a moment; where it has been missing before there is no such service.
  if (outcome.err == ENOENT) return again;
  return outcome.err == ECONNREFUSED || outcome.err == ECONNRESET || outcome.err == EPIPE;
}

} // namespace

Outcome HostHandler::on(const DbusSend &op) {
  int pid = 0;
  if (op.pid_at) {
    if (context_.stager.pid <= 0) {
      if (Outcome spawned = spawn_stager(context_); !spawned.ok()) return Outcome::failed(steps::send, spawned.err);
    }
    pid = context_.stager.pid;
  }
  if (!op.undo.empty()) {
    sent = {op, false};
    if (!context_.undo.push(undo_send)) return Outcome::failed(steps::connect);
  }
  TextOf<detail_max> words;
  TextOf<256> name;
  Deadline deadline(op.retry ? op.retry.value.timeout : 0);
  for (bool again = false;; again = true) {
    words.clear();
    Dbus bus(words, context_.signals, op.timeout);
    bool broker;
    Outcome outcome = connect(bus, op, broker, words);
    if (outcome.ok()) {
      words.clear();
      sent.effective = true;
      outcome = converse(bus, op, op.calls, broker, pid, name);
    }
    if (!outcome.ok() && again && pid > 0 && is_in_unit(pid, op.retry.value.unit)) outcome = Outcome::success();
    if (outcome.ok()) {
      if (pid > 0) context_.witness.look(*context_.record);
      return outcome;
    }
    bool stops = context_.signals != nullptr && context_.signals->pending_stop() != 0;
    if (op.retry && !stops && is_passing(outcome, op, name.str(), again) && deadline.wait()) continue;
    // What was refused was never made: a unit of that name may be somebody else's.
    if (outcome.step == steps::refused && !again) sent.effective = false;
    if (words.size() > 0) context_.failure.detail.words().add(words.str());
    return outcome;
  }
}

} // namespace veloci

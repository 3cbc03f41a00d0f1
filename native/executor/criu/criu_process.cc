#include "executor/criu/criu_process.h"
#include "executor/criu/criu_stall.h"
#include "cgroup/own_cgroup.h"
#include "cgroup/cgroupfs.h"
#include "base/packet.h"
#include "base/search.h"
#include "base/sys.h"
#include "wait/interrupt.h"
#include "wait/progress.h"
#include "process/process.h"
#include "socket/unix_socket.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace veloci {

namespace {

namespace steps = step::criu_start;

// Milliseconds that a CRIU which was killed may take to end.
constexpr int killed_limit = 2000;

bool join_cgroups(const Record *record, const List<CgroupDir> &cgroups) {
  for (const CgroupDir &dir : cgroups) {
    Fd cgroup(open_own_cgroup(record, dir.mount, dir.path, O_PATH | O_DIRECTORY));
    if (!cgroup.valid() || !join_cgroup(cgroup.get())) return false;
  }
  return true;
}

// CRIU restores below a mount point. That it is one is nobody else's business: in a mount namespace of its own.
bool mount_root(const char *rootfs) {
  return sys::unshare(sys::clone_newns) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
         mount(rootfs, rootfs, nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

// What the new process has from its parent.
struct Inherited {
  const Record *record;
  const CriuStart &op;
  const char *path;
  const Fd *namespaces;
  uint32_t namespace_count;
  const CriuJob &job;
  // Takes our end of the socket, or the errno of a failure.
  int parent;
};

// A dump that something keeps in the kernel must hold nothing that our caller waits for the end of. What is restored
// has its stdio from the caller.
bool place_streams(const Inherited &inherited) {
  if (inherited.op.request == CriuRequest::restore) return true;
  Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int words = inherited.job.words.get();
  return null.valid() && dup2(null.get(), 0) == 0 && dup2(words, 1) == 1 && dup2(words, 2) == 2;
}

// Opens the folders and puts all descriptors to their numbers; everything else above stderr ends with execve.
bool place_descriptors(Inherited &inherited) {
  const CriuStart &op = inherited.op;
  constexpr int above = criu_fd::freezer + 1;
  struct {
    int from, to;
  } moves[5 + criu_fd::namespaces_max];
  unsigned count = 0;
  auto move = [&](int from, int to) {
    int lifted = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, above);
    moves[count++] = {lifted, to};
    return lifted >= 0;
  };
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
      send_descriptor(inherited.parent, Str{"", 1}, pair[0]) != 0)
    return false;
  constexpr int folder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  // By its path, a folder may have become another one meanwhile.
  auto move_folder = [&](Str path, const Fd &looked_at, int to) {
    Fd opened(open(path.c_str(), folder));
    return opened.valid() && is_same_folder(opened.get(), looked_at.get()) && move(opened.get(), to);
  };
  if (!move(pair[1], criu_fd::socket) || !move_folder(op.images, inherited.job.images, criu_fd::images)) return false;
  if (op.work && !move_folder(op.work.value, inherited.job.work, criu_fd::work)) return false;
  if (op.status_fd >= 0 && !move(op.status_fd, criu_fd::status)) return false;
  if (op.request != CriuRequest::restore) {
    for (const CgroupDir &dir : op.cgroups) {
      Fd cgroup(open_own_cgroup(inherited.record, dir.mount, dir.path, O_PATH | O_DIRECTORY));
      if (!move(cgroup.get(), criu_fd::freezer)) return false;
    }
  }
  for (uint32_t i = 0; i < inherited.namespace_count; i++) {
    if (!move(inherited.namespaces[i].get(), criu_fd::namespaces + static_cast<int>(i))) return false;
  }
  inherited.parent = fcntl(inherited.parent, F_DUPFD_CLOEXEC, above);
  if (inherited.parent < 0 || sys::close_range(criu_fd::socket, above - 1, 0) != 0) return false;
  for (unsigned i = 0; i < count; i++) {
    if (dup2(moves[i].from, moves[i].to) < 0) return false;
  }
  if (sys::close_range(above, ~0U, sys::close_range_cloexec) == 0) return true;
  // Before Linux 5.11: close all but what reports a failure.
  const unsigned parent = static_cast<unsigned>(inherited.parent);
  return errno == EINVAL && (parent == above || sys::close_range(above, parent - 1, 0) == 0) &&
         sys::close_range(parent + 1, ~0U, 0) == 0;
}

[[noreturn]] void become_criu(Inherited inherited) {
  const CriuStart &op = inherited.op;
  // What is restored may belong to the group of our caller.
  if (op.request != CriuRequest::restore) setpgid(0, 0);
  bool is_placed = op.request != CriuRequest::restore ||
                   (join_cgroups(inherited.record, op.cgroups) && mount_root(op.rootfs.c_str()));
  bool ready = is_placed && place_streams(inherited) && place_descriptors(inherited);
  if (ready) {
    restore_signals();
    TextOf<8192> search;
    search.add("PATH=").add(search_path());
    TextOf<16> descriptor;
    descriptor.add_signed(criu_fd::socket);
    char *const args[] = {const_cast<char *>("criu"), const_cast<char *>("swrk"),
                          const_cast<char *>(descriptor.c_str()), nullptr};
    char *const environment[] = {const_cast<char *>(search.c_str()), nullptr};
    execve(inherited.path, args, environment);
  }
  int err = errno;
  send(inherited.parent, &err, sizeof err, MSG_NOSIGNAL);
  _exit(127);
}

bool send_text(int socket, Str text) {
  ssize_t sent;
  do sent = send(socket, text.data, text.size, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size);
}

// With what it has made for a dump, such as the process that looks after the freezer of cgroup v1. Not yet waited for,
// the number is still its own.
void kill_criu(const Child &child) {
  kill(-child.pid, SIGKILL);
  kill(child.pid, SIGKILL);
}

} // namespace

Outcome spawn_criu(Context &context, const CriuStart &op, Str path, const Fd *namespaces, uint32_t count) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return Outcome::failed(steps::spawn);
  Fd ours(pair[0]), theirs(pair[1]);
  if (op.request != CriuRequest::restore) {
    context.criu.words.reset(sys::memfd_create("criu-words", sys::memfd_cloexec));
    if (!context.criu.words.valid()) return Outcome::failed(steps::spawn);
  }
  pid_t pid = fork();
  if (pid < 0) return Outcome::failed(steps::spawn);
  if (pid == 0) {
    ours.reset();
    become_criu({context.record, op, path.c_str(), namespaces, count, context.criu, theirs.get()});
  }
  context.criu.process.pid = pid;
  context.criu.process.pidfd.reset(sys::pidfd_open(pid, 0));
  theirs.reset();
  // A descriptor, then the end that execve makes; or an errno.
  int err = 0;
  iovec part = {&err, sizeof err};
  for (;;) {
    if (int why = await_readable(ours.get(), context.signals, wait_limit); why != 0) {
      end_criu(context);
      return Outcome::failed(steps::spawn, why);
    }
    Fd received;
    ssize_t size = receive_packet(ours.get(), &part, 1, received);
    if (received.valid()) context.criu.socket = static_cast<Fd &&>(received);
    if (size == 0 && context.criu.socket.valid()) return {};
    if (size == 1) continue;
    end_criu(context); // without an errno of its own it may be at work
    return Outcome::failed(steps::spawn, size == sizeof err ? err : EPIPE);
  }
}

namespace {

// Hands on what CRIU has written before it had a log, or for want of a library.
void print_words(Fd &words) {
  char text[4096];
  ssize_t size = words.valid() ? pread(words.get(), text, sizeof text, 0) : 0;
  if (size > 0) write_within(STDERR_FILENO, {text, static_cast<uint32_t>(size)}, wait_limit);
  words.reset();
}

} // namespace

void reap_criu(Context &context) {
  Child &child = context.criu.process;
  if (child.pid <= 0) return;
  bool ended = reap_child(child.pid, wait_limit);
  if (!ended) kill_criu(child);
  if (!ended && !reap_child(child.pid, killed_limit)) context.process_remains = true;
  child.pid = -1;
  child.pidfd.reset();
  print_words(context.criu.words);
}

void end_criu(Context &context) {
  Child &child = context.criu.process;
  if (child.pid <= 0) return;
  kill_criu(child);
  reap_criu(context);
}

bool send_criu(int socket, CriuType type, Str options) {
  Pages memory;
  size_t size = options.size + 64;
  if (!memory.allocate(size)) return false;
  Text text(memory.data(), size);
  ProtoWriter writer(text);
  writer.number(1, static_cast<uint64_t>(type));
  writer.bytes(2, options);
  return send_text(socket, text.str());
}

bool answer_criu(int socket) {
  TextOf<16> text;
  ProtoWriter writer(text);
  writer.number(1, static_cast<uint64_t>(CriuType::notify));
  writer.number(3, 1);
  return send_text(socket, text.str());
}

bool ask_criu_version(int socket) {
  TextOf<16> text;
  ProtoWriter writer(text);
  writer.number(1, static_cast<uint64_t>(CriuType::version));
  writer.number(4, 1);
  return send_text(socket, text.str());
}

namespace {

// Until it says something. 0; ETIME when a restore does not go on; EINTR when we are asked to stop; or another errno.
int await_criu(Context &context) {
  Progress progress(Str::of("CRIU"));
  CriuStall stall(context.criu);
  const bool restores = context.criu.request == CriuRequest::restore;
  for (;;) {
    const int tick = progress.tick(), look = restores ? stall_look : -1;
    const bool is_tick = tick >= 0 && (look < 0 || tick < look);
    int err = await_readable(context.criu.socket.get(), context.signals, is_tick ? tick : look);
    if (err != ETIMEDOUT) return err;
    if (restores && stall.is_still()) return ETIME;
  }
}

} // namespace

int receive_criu(Context &context, CriuResponse &response, Fd &fd) {
  if (int err = await_criu(context); err != 0) return err;
  char data[8192];
  iovec part = {data, sizeof data};
  ssize_t size = receive_packet(context.criu.socket.get(), &part, 1, fd);
  if (size < 0) return errno;
  if (size == 0) return EPIPE;
  Bytes bytes{reinterpret_cast<const uint8_t *>(data), static_cast<size_t>(size)};
  return read_criu_response(bytes, response) ? 0 : EBADMSG;
}

} // namespace veloci

#include "planner/planner.h"
#include "base/clock.h"

#include <initializer_list>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "planner/child.h"

namespace veloci {
namespace {

constexpr int answer_seconds = 20; // of the clock: a busy machine may be slow; processor time has its own limit

// Waits until the socket is ready. Returns 0 or an errno.
int await(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t remaining = deadline - monotonic_milliseconds();
    if (remaining <= 0) return ETIMEDOUT;
    pollfd entry{fd, events, 0};
    int count = poll(&entry, 1, static_cast<int>(remaining));
    if (count > 0) return 0;
    if (count < 0 && errno != EINTR) return errno;
  }
}

int send_all(int fd, iovec *parts, size_t count, int64_t deadline) {
  while (count > 0) {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return errno;
      int err = await(fd, POLLOUT, deadline);
      if (err != 0) return err;
      continue;
    }
    for (size_t remaining = static_cast<size_t>(sent); count > 0; parts++, count--) {
      if (remaining < parts->iov_len) {
        parts->iov_base = static_cast<char *>(parts->iov_base) + remaining;
        parts->iov_len -= remaining;
        break;
      }
      remaining -= parts->iov_len;
    }
  }
  return 0;
}

int send_request(int fd, const PlannerRequest &request, int64_t deadline) {
  RequestHeader header{};
  header.json = request.json.size;
  header.config = static_cast<uint32_t>(request.config.size);
  header.process = static_cast<uint32_t>(request.process.size);
  header.live = static_cast<uint32_t>(request.live.size);
  header.has_config = request.config.data != nullptr;
  header.has_process = request.process.data != nullptr;
  header.followed = request.followed;
  iovec parts[] = {
      {&header, sizeof header},
      {const_cast<char *>(request.json.data), request.json.size},
      {const_cast<uint8_t *>(request.config.data), request.config.size},
      {const_cast<uint8_t *>(request.process.data), request.process.size},
      {const_cast<uint8_t *>(request.live.data), request.live.size},
  };
  return send_all(fd, parts, sizeof parts / sizeof *parts, deadline);
}

constexpr size_t answer_capacity = sizeof(AnswerHeader) + max_answer;

// Receives the answer's header and bytes, of which `size` are there; `behind`: those that follow it. Returns 0 or an
// errno; ECONNRESET: the planner is gone.
int receive_answer(int fd, uint8_t *data, size_t size, AnswerHeader &header, Bytes &body, Bytes &behind,
                   int64_t deadline) {
  for (;;) {
    if (size >= sizeof header) {
      memcpy(&header, data, sizeof header);
      if (header.size > max_answer) return EFBIG;
      if (size >= sizeof header + header.size) break;
    }
    int err = await(fd, POLLIN, deadline);
    if (err != 0) return err;
    ssize_t count = recv(fd, data + size, answer_capacity - size, MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return count == 0 ? ECONNRESET : errno;
    size += static_cast<size_t>(count);
  }
  body = {data + sizeof header, header.size};
  behind = {body.data + body.size, size - sizeof header - header.size};
  return 0;
}

// Memory for an answer; nullptr and errno on failure.
void *map_answer() {
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = mmap(nullptr, answer_capacity, PROT_READ | PROT_WRITE, flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// How a planner ended that gave no answer.
PlannerAnswer post_mortem(int status) {
  PlannerAnswer answer;
  if (WIFEXITED(status)) {
    answer.err = WEXITSTATUS(status);
    answer.fault = answer.err == EFBIG ? PlannerFault::too_large : PlannerFault::protocol;
  } else {
    answer.signal = WTERMSIG(status);
    answer.fault = answer.signal == SIGXCPU ? PlannerFault::timed_out : PlannerFault::crashed;
  }
  return answer;
}

PlannerAnswer answer_of(const AnswerHeader &header, Bytes body) {
  PlannerAnswer answer;
  answer.response = body;
  switch (static_cast<EngineStatus>(header.status)) {
  case EngineStatus::answered: answer.fault = PlannerFault::none; break;
  case EngineStatus::threw: answer.fault = PlannerFault::engine; break;
  case EngineStatus::out_of_memory: answer.fault = PlannerFault::out_of_memory; break;
  case EngineStatus::misread: answer.fault = PlannerFault::request; break;
  default: answer.err = EPROTO;
  }
  return answer;
}

} // namespace

int Planner::start(EngineName name) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  Fd ours(ends[0]), theirs(ends[1]);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) planner_main(theirs.get(), parent, name);
  socket_ = static_cast<Fd &&>(ours);
  pid_ = child;
  return 0;
}

Planner::~Planner() {
  stop();
  for (void *answer : {answer_, next_}) {
    if (answer != nullptr) munmap(answer, answer_capacity);
  }
}

void Planner::stop() {
  socket_.reset();
  if (pid_ < 0) return;
  // Who waits for all children may have reaped it: then the number may be a stranger's by now.
  if (waitpid(pid_, nullptr, WNOHANG) != 0) {
    pid_ = -1;
    return;
  }
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

PlannerAnswer Planner::reap(int err) {
  PlannerAnswer answer;
  answer.err = err;
  if (err != ECONNRESET && err != EPIPE) {
    stop();
    answer.fault = err == ETIMEDOUT ? PlannerFault::timed_out
                   : err == EFBIG   ? PlannerFault::too_large
                                    : PlannerFault::protocol;
    return answer;
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return answer;
  }
  pid_ = -1;
  return post_mortem(status);
}

void planner_send(Planner &planner, const PlannerRequest &request) {
  planner.deadline_ms_ = monotonic_milliseconds() + answer_seconds * 1000;
  planner.send_error_ = send_request(planner.socket_.get(), request, planner.deadline_ms_);
}

PlannerAnswer planner_await(Planner &planner) {
  AnswerHeader header;
  Bytes body;
  int err = planner.send_error_;
  if (err == 0 && planner.answer_ == nullptr) {
    planner.answer_ = map_answer();
    if (planner.answer_ == nullptr) err = errno;
  }
  if (err == 0) {
    uint8_t *data = static_cast<uint8_t *>(planner.answer_);
    err = receive_answer(planner.socket_.get(), data, 0, header, body, planner.early_, planner.deadline_ms_);
  }
  return err == 0 ? answer_of(header, body) : planner.reap(err);
}

PlannerAnswer planner_await_next(Planner &planner, int milliseconds) {
  PlannerAnswer answer;
  if (planner.send_error_ != 0 || planner.next_ != nullptr) return answer;
  planner.next_ = map_answer();
  if (planner.next_ == nullptr) return answer;
  uint8_t *data = static_cast<uint8_t *>(planner.next_);
  memcpy(data, planner.early_.data, planner.early_.size);
  AnswerHeader header;
  Bytes body, behind;
  int64_t deadline = monotonic_milliseconds() + milliseconds;
  answer.err = receive_answer(planner.socket_.get(), data, planner.early_.size, header, body, behind, deadline);
  return answer.err == 0 ? answer_of(header, body) : answer;
}

} // namespace veloci

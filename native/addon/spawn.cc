#include "addon/spawn.h"
#include "addon/raise.h"
#include "base/packet.h"
#include "base/sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <vector>

namespace veloci {
namespace {

std::vector<std::string> texts(const Napi::Value &value) {
  std::vector<std::string> result;
  Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) result.push_back(list.Get(i).ToString().Utf8Value());
  return result;
}

std::vector<char *> pointers(std::vector<std::string> &list) {
  std::vector<char *> result;
  for (std::string &text : list) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Start {
  const char *path;
  char *const *args;
  char *const *env;
  const int *fds;
  int *copies;
  int count;
  int err;
};

// The soft limit that programs expect; Node raises its own.
constexpr rlim_t open_files = 1024;

// Runs in the caller's memory, on a stack of its own, while the caller's thread stands still: system calls only.
int begin(void *argument) {
  Start &start = *static_cast<Start *>(argument);
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, nullptr);
  setsid();
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > open_files) {
    limit.rlim_cur = open_files;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  // Above all numbers that they are to have, before one of them is overwritten.
  for (int i = 0; i < start.count; i++) {
    start.copies[i] = fcntl(start.fds[i], F_DUPFD, start.count);
    if (start.copies[i] < 0) return start.err = errno, 127;
  }
  for (int i = 0; i < start.count; i++) {
    if (dup2(start.copies[i], i) < 0) return start.err = errno, 127;
  }
  if (sys::close_range(static_cast<unsigned>(start.count), ~0U, 0) != 0) return start.err = errno, 127;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(start.path, start.args, start.env);
  start.err = errno;
  return 127;
}

Napi::Value pair_of(Napi::Env env, const int *ends) {
  Napi::Array pair = Napi::Array::New(env, 2);
  for (uint32_t i = 0; i < 2; i++) pair.Set(i, Napi::Number::New(env, ends[i]));
  return pair;
}

int number(const Napi::CallbackInfo &info, size_t index) {
  return info.Length() > index && info[index].IsNumber() ? info[index].As<Napi::Number>().Int32Value() : -1;
}

} // namespace

Napi::Value launch(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (info.Length() < 4 || !info[0].IsString() || !info[1].IsArray() || !info[2].IsArray() || !info[3].IsArray())
    return expect(env, "a path, arguments, an environment and descriptors");
  std::string path = info[0].As<Napi::String>().Utf8Value();
  std::vector<std::string> args = texts(info[1]), environment = texts(info[2]);
  std::vector<char *> arg_pointers = pointers(args), env_pointers = pointers(environment);
  std::vector<int> fds, copies;
  Napi::Array given = info[3].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length(); i++) fds.push_back(given.Get(i).ToNumber().Int32Value());
  copies.resize(fds.size());
  Start start{path.c_str(),
              arg_pointers.data(),
              env_pointers.data(),
              fds.data(),
              copies.data(),
              static_cast<int>(fds.size()),
              0};
  constexpr size_t stack_size = 32768;
  alignas(16) uint8_t stack[stack_size];
  // No handler may run in the child: it would work in our memory.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  int pid = clone(begin, stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  int err = pid < 0 ? errno : start.err;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0 && err != 0) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (err != 0) return refuse(env, path.c_str(), err);
  return Napi::Number::New(env, pid);
}

Napi::Value reap(const Napi::CallbackInfo &info) {
  int status = 0, pid = number(info, 0);
  if (pid <= 0) return expect(info.Env(), "a pid");
  pid_t ended = waitpid(pid, &status, WNOHANG);
  if (ended < 0) return refuse(info.Env(), "cannot wait for the command", errno);
  constexpr int signal_base = 128;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
  return Napi::Number::New(info.Env(), ended == 0 ? -1 : code);
}

Napi::Value open_null(const Napi::CallbackInfo &info) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  return fd < 0 ? refuse(info.Env(), "/dev/null", errno) : Napi::Number::New(info.Env(), fd);
}

Napi::Value make_pipe(const Napi::CallbackInfo &info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return refuse(info.Env(), "cannot make a pipe", errno);
  return pair_of(info.Env(), ends);
}

Napi::Value make_socket_pair(const Napi::CallbackInfo &info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return refuse(info.Env(), "cannot make a pair of sockets", errno);
  return pair_of(info.Env(), ends);
}

Napi::Value receive_descriptor(const Napi::CallbackInfo &info) {
  int socket = number(info, 0);
  char text[64];
  iovec part = {text, sizeof text};
  Fd received;
  // A command that has none to send must not hold this program.
  fcntl(socket, F_SETFL, O_NONBLOCK);
  receive_packet(socket, &part, 1, received);
  return Napi::Number::New(info.Env(), received.release());
}

Napi::Value send_bytes(const Napi::CallbackInfo &info) {
  if (info.Length() < 2 || !info[1].IsTypedArray()) return expect(info.Env(), "a Uint8Array");
  Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  // A failure needs no answer: the end of the socket shows it.
  send(number(info, 0), bytes.Data(), bytes.ByteLength(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return info.Env().Undefined();
}

Napi::Value resize(const Napi::CallbackInfo &info) {
  struct winsize size = {};
  size.ws_col = static_cast<unsigned short>(number(info, 1));
  size.ws_row = static_cast<unsigned short>(number(info, 2));
  if (ioctl(number(info, 0), TIOCSWINSZ, &size) != 0) return refuse(info.Env(), "cannot resize the terminal", errno);
  return info.Env().Undefined();
}

} // namespace veloci

#include "addon/watch.h"
#include "addon/raise.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

namespace veloci {
namespace {

constexpr uint64_t stop_mark = UINT64_MAX;

// One of each program or worker thread; it ends with that.
class Watcher {
public:
  Watcher(Napi::Env env, Napi::Function callback)
      : poll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)),
        ready_(Napi::ThreadSafeFunction::New(env, callback, "veloci descriptors", 0, 1)) {
    ready_.Unref(env);
    add(stop_, stop_mark, EPOLLIN);
    runs_ = pthread_create(
                &thread_, nullptr,
                [](void *watcher) -> void * {
                  static_cast<Watcher *>(watcher)->wait();
                  return nullptr;
                },
                this) == 0;
  }

  ~Watcher() {
    uint64_t one = 1;
    if (runs_ && ::write(stop_, &one, sizeof one) == sizeof one) pthread_join(thread_, nullptr);
    ready_.Abort();
    ::close(poll_);
    ::close(stop_);
  }

  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;

  bool runs() const { return runs_; }

  // A descriptor leaves the set by itself when it is closed.
  int add(int fd, uint64_t id, uint32_t events) const {
    struct epoll_event event = {};
    event.events = events;
    event.data.u64 = id;
    if (epoll_ctl(poll_, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
  }

  void hold(Napi::Env env, bool holds) {
    if (holds)
      ready_.Ref(env);
    else
      ready_.Unref(env);
  }

private:
  void wait() {
    constexpr int most = 32;
    struct epoll_event events[most];
    for (;;) {
      int count = epoll_wait(poll_, events, most, -1);
      for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == stop_mark) return;
        auto id = static_cast<double>(events[i].data.u64);
        ready_.BlockingCall(
            [id](Napi::Env env, Napi::Function callback) { callback.Call({Napi::Number::New(env, id)}); });
      }
    }
  }

  int poll_, stop_;
  Napi::ThreadSafeFunction ready_;
  pthread_t thread_ = {};
  bool runs_ = false;
};

Watcher *watcher_of(const Napi::CallbackInfo &info) { return info.Env().GetInstanceData<Watcher>(); }

int fd_of(const Napi::CallbackInfo &info) {
  return info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
}

} // namespace

Napi::Value on_ready(const Napi::CallbackInfo &info) {
  if (info.Length() < 1 || !info[0].IsFunction()) return expect(info.Env(), "a function");
  auto *watcher = new Watcher(info.Env(), info[0].As<Napi::Function>());
  if (!watcher->runs()) {
    delete watcher;
    return refuse(info.Env(), "cannot start a thread", EAGAIN);
  }
  info.Env().SetInstanceData(watcher);
  return info.Env().Undefined();
}

Napi::Value watch(const Napi::CallbackInfo &info) {
  Watcher *watcher = watcher_of(info);
  if (watcher == nullptr || info.Length() < 3 || !info[1].IsNumber()) return expect(info.Env(), "onReady() before");
  auto id = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  uint32_t wanted = info[2].ToNumber().Uint32Value();
  uint32_t events = ((wanted & 1) != 0 ? EPOLLIN : 0U) | ((wanted & 2) != 0 ? EPOLLOUT : 0U);
  if (int err = watcher->add(fd_of(info), id, events | EPOLLONESHOT); err != 0)
    return refuse(info.Env(), "cannot wait for a descriptor", err);
  return info.Env().Undefined();
}

Napi::Value hold(const Napi::CallbackInfo &info) {
  Watcher *watcher = watcher_of(info);
  if (watcher != nullptr && info.Length() > 0) watcher->hold(info.Env(), info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value read_some(const Napi::CallbackInfo &info) {
  constexpr int64_t most = 1 << 20;
  int64_t size = info.Length() > 1 ? info[1].ToNumber().Int64Value() : 0;
  if (size <= 0 || size > most) return expect(info.Env(), "a size from 1 to 1 MiB");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  fcntl(fd_of(info), F_SETFL, O_NONBLOCK);
  ssize_t got;
  do got = ::read(fd_of(info), bytes.data(), bytes.size());
  while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return info.Env().Undefined();
  // The kernel tells the end of a terminal as an error, and that of a socket whose other side has unread bytes.
  if (got < 0 && (errno == EIO || errno == ECONNRESET)) got = 0;
  if (got < 0) return refuse(info.Env(), "cannot read", errno);
  Napi::Uint8Array result = Napi::Uint8Array::New(info.Env(), static_cast<size_t>(got));
  std::copy(bytes.begin(), bytes.begin() + got, result.Data());
  return result;
}

Napi::Value write_some(const Napi::CallbackInfo &info) {
  if (info.Length() < 2 || !info[1].IsTypedArray()) return expect(info.Env(), "a Uint8Array");
  Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  fcntl(fd_of(info), F_SETFL, O_NONBLOCK);
  ssize_t done;
  do done = ::write(fd_of(info), bytes.Data(), bytes.ByteLength());
  while (done < 0 && errno == EINTR);
  if (done < 0 && errno != EAGAIN) return refuse(info.Env(), "cannot write", errno);
  return Napi::Number::New(info.Env(), static_cast<double>(done < 0 ? 0 : done));
}

Napi::Value close_fd(const Napi::CallbackInfo &info) {
  if (fd_of(info) > STDERR_FILENO) ::close(fd_of(info));
  return info.Env().Undefined();
}

} // namespace veloci

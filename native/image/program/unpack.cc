#include <fcntl.h>
#include <initializer_list>
#include <new>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "image/program/call.h"
#include "image/program/layers.h"
#include "image/program/meter.h"

namespace veloci {

using namespace diagnostic;

namespace {

// What a worker leaves about its layer, in memory that it shares with us.
struct Report {
  uint64_t taken; // bytes of the blob that were read
  ImageFault::Kind kind;
  int err;
  char what[512], path[1024], lost[512];
};

void copy(char *out, size_t size, Str text) {
  size_t count = text.size < size - 1 ? text.size : size - 1;
  memcpy(out, text.data, count);
  out[count] = 0;
}

// The layers of an image on their way to a store.
class Making {
public:
  Making(UnpackCall &call, const ImageAnswer &answer, LayerStore &store, bool own)
      : call_(call), answer_(answer), store_(store), own_(own) {}
  ~Making() {
    if (reports_ != nullptr) munmap(reports_, most_layers * sizeof(Report));
  }

  // Makes those that are missing, as many at once as there are processors. 0 or the exit code, with the error shown.
  int run();

private:
  int prepare();
  int start(uint32_t index);
  [[noreturn]] void work(uint32_t index);
  int await(Meter &meter);
  int stop(int code);
  void warn();
  void show_progress_in(Meter &meter) const;

  UnpackCall &call_;
  const ImageAnswer &answer_;
  LayerStore &store_;
  bool own_;
  LayerRules rules_;
  DecodeLimit limit_;
  IdRange uids_[340], gids_[340];
  DeviceNumbers devices_[32];
  LayerWish wishes_[most_layers];
  LayerPlace places_[most_layers];
  Fd files_[most_layers];
  pid_t workers_[most_layers] = {};
  uint32_t count_ = 0, running_ = 0;
  Report *reports_ = nullptr;
};

int Making::prepare() {
  void *memory = mmap(nullptr, most_layers * sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return call_.fail_system(what::fork, errno);
  reports_ = static_cast<Report *>(memory);
  auto ranges = [](const List<ImageRange> &list, IdRange *out) {
    size_t count = 0;
    for (const ImageRange &range : list) {
      if (count < 340) out[count++] = {range.inside, range.outside, range.size};
    }
    return count;
  };
  rules_.uids = uids_;
  rules_.gids = gids_;
  rules_.uid_count = ranges(answer_.uids, uids_);
  rules_.gid_count = ranges(answer_.gids, gids_);
  rules_.privileged = geteuid() == 0;
  rules_.devices = devices_;
  for (const ImageDevice &device : answer_.devices) {
    if (rules_.device_count < 32) devices_[rules_.device_count++] = {device.major, device.minor};
  }
  rules_.any_device = call_.arguments.on(cli::Flag::devices);
  rules_.most_entries = 4000000;
  limit_.size = uint64_t{64} << 30;
  if (call_.arguments.has(cli::Flag::max_size)) {
    limit_.size = static_cast<uint64_t>(call_.arguments.number(cli::Flag::max_size)) << 20;
    limit_.any_ratio = true;
  }
  for (const ImageLayer &layer : answer_.layers) {
    LayerWish &wish = wishes_[count_];
    wish.name = layer.name;
    wish.blob.digest = layer.digest;
    wish.blob.counter = &reports_[count_].taken;
    wish.blob.diff_id = wish.key = layer.diff_id;
    if (own_) {
      place_of(count_, layer.diff_id, places_[count_]);
      wish.key = places_[count_].str();
    }
    if (!is_digest(layer.diff_id)) return call_.fail(Internal{.what = Str::of("a layer has no digest")});
    if (store_.has(wish.key)) {
      count_++;
      continue;
    }
    int err = call_.files.find(layer.name, wish.blob, files_[count_]);
    if (err == ENOENT) return call_.fail(ImageMissing{.name = layer.name});
    if (err != 0)
      return call_.fail(ImageArchive{.what = Str::of(err == EEXIST ? "it has a file twice" : "a layer is no file"),
                                     .path = layer.name});
    if (layer.size >= 0 && wish.blob.size != static_cast<uint64_t>(layer.size)) {
      return call_.fail(ImageSize{.name = layer.name,
                                  .actual = NumberText(static_cast<int64_t>(wish.blob.size)),
                                  .wanted = NumberText(layer.size)});
    }
    count_++;
  }
  return 0;
}

void Making::work(uint32_t index) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ImageFault fault;
  TextOf<512> lost;
  bool ok = store_.make(wishes_[index], rules_, limit_, !own_, lost, fault);
  Report &report = reports_[index];
  copy(report.lost, sizeof report.lost, lost.str());
  if (!ok) {
    report.kind = fault.kind;
    report.err = fault.err;
    copy(report.what, sizeof report.what, fault.what.str());
    copy(report.path, sizeof report.path, fault.path.str());
  }
  _exit(ok ? 0 : 1);
}

int Making::start(uint32_t index) {
  pid_t child = fork();
  if (child < 0) return call_.fail_system(what::fork, errno);
  if (child == 0) work(index);
  workers_[index] = child;
  running_++;
  return 0;
}

// Ends what still runs, and removes what it has left.
int Making::stop(int code) {
  for (uint32_t i = 0; i < count_; i++) {
    if (workers_[i] > 0) kill(workers_[i], SIGKILL);
  }
  for (uint32_t i = 0; i < count_; i++) {
    if (workers_[i] <= 0) continue;
    while (waitpid(workers_[i], nullptr, 0) < 0 && errno == EINTR) {
    }
    workers_[i] = 0;
    store_.drop(wishes_[i].key);
  }
  return code;
}

// Waits until one has ended. 0 or the exit code.
int Making::await(Meter &meter) {
  for (;;) {
    show_progress_in(meter);
    for (uint32_t i = 0; i < count_; i++) {
      int status;
      // The engine's processes are not ours to wait for.
      if (workers_[i] <= 0 || waitpid(workers_[i], &status, WNOHANG) != workers_[i]) continue;
      workers_[i] = 0;
      running_--;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
      ImageFault fault;
      const Report &report = reports_[i];
      if (report.kind != ImageFault::Kind::none)
        fault.set(report.kind, report.what, Str::of(report.path), report.err);
      else
        fault.system("unpack", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? ENOMEM : EIO);
      store_.drop(wishes_[i].key);
      return stop(call_.fail_image(fault, wishes_[i].name));
    }
    call_.wait(Meter::interval);
    if (call_.stopped()) return stop(call_.fail_stopped());
  }
}

void Making::show_progress_in(Meter &meter) const {
  uint64_t done = 0, total = 0;
  uint32_t layers_done = 0;
  for (uint32_t i = 0; i < count_; i++) {
    uint64_t taken = __atomic_load_n(&reports_[i].taken, __ATOMIC_RELAXED);
    done += taken;
    total += wishes_[i].blob.size;
    layers_done += taken == wishes_[i].blob.size && workers_[i] == 0;
  }
  meter.show(done, total, layers_done, count_);
}

void Making::warn() {
  for (uint32_t i = 0; i < count_; i++) {
    if (reports_[i].lost[0] == 0) continue;
    show(call_.log, ImageLost{.what = Str::of(reports_[i].lost)});
    return;
  }
}

int Making::run() {
  if (answer_.layers.size() > most_layers) return call_.fail(Internal{.what = Str::of("too many layers")});
  if (int code = prepare(); code != 0) return code;
  store_.sweep();
  cpu_set_t set;
  uint32_t processors = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<uint32_t>(CPU_COUNT(&set)) : 1;
  Meter meter(call_.owner());
  for (uint32_t i = 0; i < count_; i++) {
    bool twice = false;
    for (uint32_t other = 0; other < i; other++) twice = twice || wishes_[other].key == wishes_[i].key;
    if (twice || store_.has(wishes_[i].key)) continue;
    while (running_ >= processors) {
      if (int code = await(meter); code != 0) return code;
    }
    if (int code = start(i); code != 0) return stop(code);
  }
  while (running_ > 0) {
    if (int code = await(meter); code != 0) return code;
  }
  show_progress_in(meter);
  warn();
  return 0;
}

constexpr char standard_input[] = "-";

// A file without a name: in the directory of the environment, or where large ones may lie.
Fd open_temporary() {
  const char *chosen = getenv("TMPDIR");
  for (const char *place : {chosen, "/var/tmp", "/tmp"}) {
    if (place == nullptr || place[0] != '/') continue;
    Fd file(open(place, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
    if (file.valid()) return file;
    TextOf<4096> name;
    name.add(place).add("/veloci-XXXXXX");
    char text[4096];
    copy(text, sizeof text, name.str());
    file.reset(mkostemp(text, O_CLOEXEC));
    if (!file.valid()) continue;
    unlink(text);
    return file;
  }
  return Fd();
}

// The archive on standard input. What comes through a pipe is kept in a file: members are read in another order. 0 or
// an errno.
int open_stream(UnpackCall &call) {
  struct stat status;
  if (fstat(STDIN_FILENO, &status) != 0) return errno;
  if (S_ISREG(status.st_mode)) return call.files.adopt(Fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)));
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) return EINVAL;
  Fd file = open_temporary();
  if (!file.valid()) return errno;
  uint8_t part[1 << 16];
  for (;;) {
    call.wait(-1, STDIN_FILENO);
    if (call.stopped()) return EINTR;
    ssize_t size = ::read(STDIN_FILENO, part, sizeof part);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return errno;
    if (size == 0) break;
    if (int err = write_all(file.get(), Bytes{part, static_cast<size_t>(size)}); err != 0) return err;
  }
  return call.files.adopt(static_cast<Fd &&>(file));
}

// IMAGE[:REF]: the image is what comes before the first colon behind which nothing of the path lies.
void find_image(UnpackCall &call) {
  Str operand = call.arguments.operand(0);
  struct stat status;
  for (uint32_t i = 0; i <= operand.size; i++) {
    if (i < operand.size && operand.data[i] != ':') continue;
    call.image.clear();
    call.image.add(operand.data, i);
    bool stream = call.image.str() == Str::of(standard_input);
    if (!stream && stat(call.image.c_str(), &status) != 0) continue;
    if (i < operand.size) call.reference = {operand.data + i + 1, operand.size - i - 1};
    return;
  }
  call.image.clear();
  call.image.add(operand);
}

} // namespace

int make_layers(UnpackCall &call, const ImageAnswer &answer, LayerStore &store, bool own) {
  alignas(Making) static char memory[sizeof(Making)];
  return (new (memory) Making(call, answer, store, own))->run();
}

int UnpackCall::owner() const {
  return arguments.has(cli::Flag::control_fd) ? static_cast<int>(arguments.number(cli::Flag::control_fd)) : -1;
}

bool UnpackCall::stopped() {
  if (Signals::pending_stop() != 0) return true;
  if (owner() < 0) return false;
  char byte;
  return recv(owner(), &byte, sizeof byte, MSG_DONTWAIT | MSG_PEEK) >= 0 || (errno != EAGAIN && errno != EINTR);
}

int UnpackCall::fail_stopped() {
  int signal = Signals::pending_stop();
  return fail(CommandInterrupted{.signal = NumberText(signal == 0 ? SIGTERM : signal)});
}

void UnpackCall::wait(int milliseconds, int fd) {
  pollfd entries[] = {{signals.descriptor(), POLLIN, 0}, {owner(), POLLIN, 0}, {fd, POLLIN, 0}};
  poll(entries, 3, milliseconds);
  // Those of children are taken.
  if (entries[0].revents != 0) signals.should_stop();
}

int unpack(UnpackCall &call) {
  find_image(call);
  bool stream = call.image.str() == Str::of(standard_input);
  int err = stream ? open_stream(call) : call.files.open(call.image.c_str());
  if (err == EINTR && call.stopped()) return call.fail_stopped();
  if (err != 0) return call.fail(ImageOpen{.path = call.image.str(), .errno_ = ErrnoText(err)});
  ImageFault fault;
  if (!call.files.list(fault)) return call.fail_image(fault, {});
  Inquiry inquiry(call);
  if (int code = inquiry.ask(nullptr, 0, nullptr); code != 0) return code;
  ImageAnswer answer = inquiry.answer();
  if (call.arguments.operand_count() > 1) return make_bundle(call, inquiry, answer);
  CachedLayers cache;
  if ((err = open_cache(call, answer, cache)) != 0)
    return call.fail(ImageCache{.path = cache.path.str(), .what = Str::of("open it"), .errno_ = ErrnoText(err)});
  if (int code = make_cached(call, answer, cache); code != 0) return code;
  if (int code = inquiry.ask(cache.list(), cache.count, cache.layers); code != 0) return code;
  err = write_within(STDOUT_FILENO, inquiry.answer().response.text, -1);
  return err == 0 ? 0 : call.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

} // namespace veloci

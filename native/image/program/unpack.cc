#include <fcntl.h>
#include <initializer_list>
#include <new>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "image/program/call.h"
#include "image/program/layers.h"

namespace veloci {

using namespace diagnostic;

namespace {

// What a worker leaves about its layer, in memory that it shares with us.
struct Report {
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
  int await();
  int stop(int code);
  void warn();

  UnpackCall &call_;
  const ImageAnswer &answer_;
  LayerStore &store_;
  bool own_;
  LayerRules rules_;
  DecodeLimit limit_;
  IdRange uids_[340], gids_[340];
  DeviceNumbers devices_[32];
  LayerWish wishes_[most_layers];
  TextOf<8> places_[most_layers];
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
    wish.blob.diff_id = wish.key = layer.diff_id;
    if (own_) wish.key = places_[count_].add_number(count_, 4).str();
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
int Making::await() {
  for (;;) {
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
    pollfd entry{call_.signals.descriptor(), POLLIN, 0};
    poll(&entry, 1, 1000);
    if (call_.signals.should_stop()) {
      int signal = Signals::pending_stop();
      return stop(call_.fail(CommandInterrupted{.signal = NumberText(signal)}));
    }
  }
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
  for (uint32_t i = 0; i < count_; i++) {
    bool twice = false;
    for (uint32_t other = 0; other < i; other++) twice = twice || wishes_[other].key == wishes_[i].key;
    if (twice || store_.has(wishes_[i].key)) continue;
    while (running_ >= processors) {
      if (int code = await(); code != 0) return code;
    }
    if (int code = start(i); code != 0) return stop(code);
  }
  while (running_ > 0) {
    if (int code = await(); code != 0) return code;
  }
  warn();
  return 0;
}

// The cache of the command line, or the usual one.
int cache_path(UnpackCall &call, Text &path) {
  Str given = call.arguments.text(cli::Flag::cache);
  char cwd[4096] = "";
  if (!given.empty() && given.data[0] != '/') {
    if (getcwd(cwd, sizeof cwd) == nullptr) return errno;
    path.add(cwd).add_char('/');
  }
  const char *home = getenv("HOME"), *data = getenv("XDG_DATA_HOME");
  if (!given.empty())
    path.add(given);
  else if (geteuid() == 0)
    path.add("/var/lib/veloci/layers");
  else if (data != nullptr && data[0] == '/')
    path.add(data).add("/veloci/layers");
  else if (home != nullptr && home[0] == '/')
    path.add(home).add("/.local/share/veloci/layers");
  else
    return ENOENT;
  return path.complete() ? 0 : ENAMETOOLONG;
}

// Layers with other owners are other layers.
void form_of(const ImageAnswer &answer, Text &form) {
  if (geteuid() != 0) {
    form.add("user");
    return;
  }
  if (answer.uids.empty() && answer.gids.empty()) {
    form.add("root");
    return;
  }
  Sha256 hash;
  for (const List<ImageRange> *list : {&answer.uids, &answer.gids}) {
    for (const ImageRange &range : *list) {
      uint32_t numbers[] = {range.inside, range.outside, range.size};
      hash.add(reinterpret_cast<uint8_t *>(numbers), sizeof numbers);
    }
    hash.add(reinterpret_cast<const uint8_t *>("/"), 1);
  }
  char hex[Sha256::hex_size + 1];
  hash.finish(hex);
  form.add("mapped-").add(hex, 16);
}

// IMAGE[:REF]: the image is what comes before the first colon behind which nothing of the path lies.
void find_image(UnpackCall &call) {
  Str operand = call.arguments.operand(0);
  struct stat status;
  for (uint32_t i = 0; i <= operand.size; i++) {
    if (i < operand.size && operand.data[i] != ':') continue;
    call.image.clear();
    call.image.add(operand.data, i);
    if (stat(call.image.c_str(), &status) != 0) continue;
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

int unpack(UnpackCall &call) {
  find_image(call);
  if (int err = call.files.open(call.image.c_str()); err != 0)
    return call.fail(ImageOpen{.path = call.image.str(), .errno_ = ErrnoText(err)});
  ImageFault fault;
  if (!call.files.list(fault)) return call.fail_image(fault, {});
  Inquiry inquiry(call);
  if (int code = inquiry.ask(nullptr, 0, nullptr); code != 0) return code;
  ImageAnswer answer = inquiry.answer();
  if (call.arguments.operand_count() > 1) return make_bundle(call, inquiry, answer);
  TextOf<4096> cache;
  TextOf<64> form;
  form_of(answer, form);
  LayerStore store;
  int err = cache_path(call, cache);
  if (err == 0) err = store.open(cache.c_str(), form.c_str());
  if (err != 0) return call.fail(ImageCache{.path = cache.str(), .what = Str::of("open it"), .errno_ = ErrnoText(err)});
  if (int code = make_layers(call, answer, store, false); code != 0) return code;
  Buffer paths;
  int layers[most_layers];
  uint32_t count = 0;
  for (const ImageLayer &layer : answer.layers) {
    layers[count] = openat(store.fd(), layer.diff_id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (layers[count++] < 0)
      return call.fail(ImageCache{.path = cache.str(), .what = Str::of("open a layer"), .errno_ = ErrnoText(errno)});
    TextOf<4096> path;
    path.add(cache.str()).add_char('/').add(form.str()).add_char('/').add(layer.diff_id);
    if (!paths.add(path.c_str(), path.size() + 1)) return call.fail_system(what::ask_planner, errno);
  }
  const char *list = count == 0 ? "" : reinterpret_cast<const char *>(paths.data());
  if (int code = inquiry.ask(list, count, layers); code != 0) return code;
  Str text = inquiry.answer().response.text;
  err = write_within(STDOUT_FILENO, text, -1);
  return err == 0 ? 0 : call.fail(OutputFailed{.errno_ = ErrnoText(err)});
}

} // namespace veloci

// top: what the containers of a state root use, again and again.
#include "base/clock.h"
#include "json/json_writer.h"
#include "launcher/container/root.h"
#include "launcher/container/states.h"
#include "launcher/line/duration.h"
#include "launcher/call/invocation.h"
#include "launcher/line/table.h"
#include "stats/usage.h"
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr const char *heads[] = {
    "ID", "STATUS", "CPU %", "MEMORY", "LIMIT", "MEM %", "PIDS", "READ", "WRITTEN", "PRESSURE cpu/memory/io", nullptr};
// Between the two looks of the first table, milliseconds.
constexpr int64_t first_interval = 500;

// A container at one look.
struct Sample {
  char id[256];
  uint64_t created;
  int64_t time; // monotonic, nanoseconds
  Status status;
  int pid;
  Usage usage;
  uint64_t share; // of one processor since the last look, in tenths of a percent; Usage::none at the first
};

// The containers of one look, by id.
class Look {
public:
  uint32_t count() const { return static_cast<uint32_t>(memory_.size() / sizeof(Sample)); }
  Sample &operator[](uint32_t i) { return reinterpret_cast<Sample *>(memory_.data())[i]; }

  int take(int root, Log &log) {
    memory_.set_size(0);
    // An earlier look has read the directory to its end.
    if (lseek(root, 0, SEEK_SET) != 0) return errno;
    return each_container(root, log, add, this);
  }
  // How much of a processor each has used since an earlier look.
  void compare(Look &before) {
    for (uint32_t i = 0, k = 0; i < count(); i++) {
      Sample &now = (*this)[i];
      while (k < before.count() && strcmp(before[k].id, now.id) < 0) k++;
      if (k >= before.count() || strcmp(before[k].id, now.id) != 0 || before[k].created != now.created) continue;
      const Sample &then = before[k];
      if (then.usage.cpu == Usage::none || now.usage.cpu < then.usage.cpu || now.time <= then.time) continue;
      now.share = 1000 * (now.usage.cpu - then.usage.cpu) / static_cast<uint64_t>(now.time - then.time);
    }
  }
  // The busiest first.
  void sort() { qsort(memory_.data(), count(), sizeof(Sample), busier); }

private:
  static int add(void *data, const ContainerView &view, Str id) {
    Buffer &memory = static_cast<Look *>(data)->memory_;
    if (view.status() == Status::stopped) return 0;
    return Growing(memory).add(sizeof(Sample), [&](Text &text) {
      Sample sample = {};
      memcpy(sample.id, id.data, id.size < sizeof sample.id ? id.size : sizeof sample.id - 1);
      sample.created = view.created();
      sample.status = view.status();
      sample.pid = view.pid();
      sample.share = Usage::none;
      StatsSource source;
      if (source.open(view.record()) == 0) read_usage(source, sample.usage);
      sample.time = nanoseconds_of(CLOCK_MONOTONIC);
      text.add(reinterpret_cast<const char *>(&sample), sizeof sample);
    });
  }
  static int busier(const void *one, const void *other) {
    const auto *a = static_cast<const Sample *>(one), *b = static_cast<const Sample *>(other);
    uint64_t first = a->share == Usage::none ? 0 : a->share, second = b->share == Usage::none ? 0 : b->share;
    if (first != second) return first > second ? -1 : 1;
    return strcmp(a->id, b->id);
  }

  Buffer memory_;
};

using Cell = TextOf<48>;

void add_fraction(Text &text, uint64_t value, uint64_t unit, unsigned digits) {
  text.add_number(value / unit).add_char('.').add_number(value % unit, digits);
}

void add_bytes(Text &text, uint64_t bytes) {
  if (bytes == Usage::none) {
    text.add_char('-');
    return;
  }
  constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  unsigned unit = 0;
  uint64_t tenths = 10 * (bytes >> 10 < UINT64_MAX / 10 / 1024 ? bytes : bytes / 16);
  while (tenths >= 10240 && unit < 5) {
    tenths /= 1024;
    unit++;
  }
  if (unit == 0 || tenths >= 1000)
    text.add_number(tenths / 10);
  else
    add_fraction(text, tenths, 10, 1);
  text.add_char(' ').add(units[unit]);
}

void add_pressure(Text &text, const Usage &usage) {
  const uint64_t values[] = {usage.cpu_pressure, usage.memory_pressure, usage.io_pressure};
  for (unsigned i = 0; i < 3; i++) {
    if (i > 0) text.add_char('/');
    if (values[i] == Usage::none)
      text.add_char('-');
    else
      add_fraction(text, values[i] / 10, 10, 1);
  }
}

int add_row(Table &table, const Sample &sample) {
  const Usage &usage = sample.usage;
  Cell share, memory, limit, percent, processes, read, written, pressure;
  if (sample.share == Usage::none)
    share.add_char('-');
  else
    add_fraction(share, sample.share, 10, 1);
  add_bytes(memory, usage.memory);
  add_bytes(limit, usage.memory_limit);
  bool limited = usage.memory != Usage::none && usage.memory_limit != Usage::none && usage.memory_limit > 0;
  if (limited)
    add_fraction(
        percent,
        static_cast<uint64_t>(1000.0 * static_cast<double>(usage.memory) / static_cast<double>(usage.memory_limit)), 10,
        1);
  else
    percent.add_char('-');
  if (usage.processes == Usage::none)
    processes.add_char('-');
  else
    processes.add_number(usage.processes);
  if (usage.process_limit != Usage::none) processes.add_char('/').add_number(usage.process_limit);
  add_bytes(read, usage.bytes_read);
  add_bytes(written, usage.bytes_written);
  add_pressure(pressure, usage);
  for (Str text : {Str::of(sample.id), status_name(sample.status), share.str(), memory.str(), limit.str(),
                   percent.str(), processes.str(), read.str(), written.str(), pressure.str()}) {
    if (int err = table.add(text); err != 0) return err;
  }
  return 0;
}

void write_number(JsonWriter &json, const char *key, uint64_t value) {
  json.key(key);
  if (value == Usage::none)
    json.null();
  else
    json.number(value);
}

void write_fraction(JsonWriter &json, const char *key, uint64_t value, uint64_t unit, unsigned digits) {
  json.key(key);
  Cell text;
  if (value == Usage::none) {
    json.null();
    return;
  }
  add_fraction(text, value, unit, digits);
  json.decimal(text.str());
}

void write_sample(JsonWriter &json, const Sample &sample) {
  const Usage &usage = sample.usage;
  json.open('{').key("id").string(Str::of(sample.id)).key("status").string(status_name(sample.status));
  json.key("pid").number(static_cast<uint64_t>(sample.pid)).key("cpu").open('{');
  write_fraction(json, "percent", sample.share, 10, 1);
  write_number(json, "total", usage.cpu);
  json.close('}').key("memory").open('{');
  write_number(json, "usage", usage.memory);
  write_number(json, "limit", usage.memory_limit);
  json.close('}').key("pids").open('{');
  write_number(json, "current", usage.processes);
  write_number(json, "limit", usage.process_limit);
  json.close('}').key("io").open('{');
  write_number(json, "read", usage.bytes_read);
  write_number(json, "written", usage.bytes_written);
  json.close('}').key("pressure").open('{');
  write_fraction(json, "cpu", usage.cpu_pressure, 100, 2);
  write_fraction(json, "memory", usage.memory_pressure, 100, 2);
  write_fraction(json, "io", usage.io_pressure, 100, 2);
  json.close('}').close('}');
}

class Top {
public:
  explicit Top(Invocation &invocation) : invocation_(invocation) {}
  int run();

private:
  int open(Fd &root);
  int show(Look &look);
  int write_json(Look &look, Buffer &out);
  // False when a signal asks us to stop.
  bool sleep(int64_t milliseconds);

  Invocation &invocation_;
  bool refresh_ = false;
};

int Top::open(Fd &root) {
  RootPath memory;
  Str path = root_path(invocation_.arguments.text(cli::Flag::root), memory);
  int err = open_root(path, false, root, invocation_.log);
  // Without a root there are none.
  return err == ENOENT ? 0 : err;
}

int Top::write_json(Look &look, Buffer &out) {
  constexpr size_t longest = 2048;
  size_t size = longest * (look.count() + 1);
  if (!out.reserve(size)) return errno;
  JsonWriter json(reinterpret_cast<char *>(out.data()), size);
  json.open('[');
  for (uint32_t i = 0; i < look.count(); i++) write_sample(json, look[i]);
  json.close(']');
  size_t used = json.text().size;
  out.data()[used] = '\n';
  out.set_size(used + 1);
  return 0;
}

int Top::show(Look &look) {
  Buffer out;
  int err = 0;
  if (invocation_.arguments.on(cli::Flag::json)) {
    err = write_json(look, out);
  } else {
    Table table(heads);
    look.sort();
    for (uint32_t i = 0; err == 0 && i < look.count(); i++) err = add_row(table, look[i]);
    // The cursor goes to the corner, and what was there is erased: ECMA-48 CUP and ED.
    if (err == 0 && refresh_) err = Growing(out).add(Str::of("\033[H\033[J"));
    if (err == 0) err = table.write(Growing(out));
  }
  if (err != 0) return invocation_.fail(SystemCall{.what = what::write_usage, .errno_ = ErrnoText(err)});
  return print(invocation_, out.str());
}

bool Top::sleep(int64_t milliseconds) {
  struct pollfd waiting = {invocation_.signals.descriptor(), POLLIN, 0};
  int64_t end = monotonic_milliseconds() + milliseconds;
  for (int64_t remaining = milliseconds; remaining > 0; remaining = end - monotonic_milliseconds()) {
    if (poll(&waiting, 1, static_cast<int>(remaining)) > 0 && invocation_.signals.should_stop()) return false;
  }
  return true;
}

int Top::run() {
  const Arguments &arguments = invocation_.arguments;
  int64_t interval = 2000;
  Str given = arguments.text(cli::Flag::interval);
  if (arguments.has(cli::Flag::interval) && !parse_duration(given, interval))
    return invocation_.fail(Duration{.value = given, .flag = Str::of("--interval")});
  bool once = arguments.on(cli::Flag::once);
  refresh_ = !once && !arguments.on(cli::Flag::json) && isatty(STDOUT_FILENO) == 1;
  Fd root;
  if (open(root) != 0) return invocation_.failure_code;
  Look looks[2];
  for (unsigned number = 0;; number++) {
    Look &now = looks[number % 2], &before = looks[(number + 1) % 2];
    int err = root.valid() ? now.take(root.get(), invocation_.log) : 0;
    if (err != 0) return invocation_.fail(SystemCall{.what = what::list_containers, .errno_ = ErrnoText(err)});
    now.compare(before);
    // A share of the processor needs two looks.
    if (number == 0) {
      if (now.count() > 0 && !sleep(first_interval)) return 0;
      continue;
    }
    if (int code = show(now); code != 0) return code;
    if (once || !sleep(interval)) return 0;
    if (!root.valid() && open(root) != 0) return invocation_.failure_code;
  }
}

} // namespace

int top_command(Invocation &invocation) { return Top(invocation).run(); }

} // namespace veloci

// Which operations an alternative runs, and how its failures are reported.
#include "check.h"
#include "generated/plan.gen.h"

using namespace veloci;

namespace {

// Builds records; bodies stay valid as long as the builder.
struct Builder {
  uint8_t bytes[512];
  size_t size = 0;

  void put(const void *data, size_t count) {
    memcpy(bytes + size, data, count);
    size += count;
  }
  void u8(uint8_t value) { put(&value, 1); }
  void u32(uint32_t value) { put(&value, 4); }
  void str(const char *text) {
    uint32_t count = static_cast<uint32_t>(strlen(text));
    u32(count);
    put(text, count + 1);
  }
  // Writes an operation that the handler below lets fail with `err`.
  void mask(const char *err) {
    u32(code::path_mask);
    u32(static_cast<uint32_t>(4 + strlen(err) + 1));
    str(err);
  }
  size_t begin_alt() {
    u32(code::alt);
    u32(0);
    return size;
  }
  void end(size_t start) {
    uint32_t length = static_cast<uint32_t>(size - start);
    memcpy(bytes + start - 4, &length, 4);
  }
  OpRecord record() {
    Reader reader(Bytes{bytes, size});
    OpRecord result;
    CHECK(read(reader, result) && reader.at_end());
    return result;
  }
};

// Fails with the errno that the operation's path says; counts what runs.
struct Handler {
  int runs = 0;

  Outcome on(const PathMask &mask) {
    runs += 1;
    int err = number(mask.path);
    return err ? Outcome::failed(step::path_mask::tmpfs, err) : Outcome::success();
  }
  template <class T> Outcome on(const T &) { return Outcome::failed(0, ENOSYS); }

  static int number(Str text) {
    int value = 0;
    for (uint32_t i = 0; i < text.size; ++i) value = value * 10 + text.data[i] - '0';
    return value;
  }
};

struct Expected {
  const char *first;
  const char *second;
  int runs;
  int err;
  int step;
};

// alt{try: first, onErrno: [1, 2], else: second}
void check_alternative(const Expected &expected) {
  Builder builder;
  size_t start = builder.begin_alt();
  builder.mask(expected.first);
  builder.u32(2);
  builder.u32(1);
  builder.u32(2);
  builder.u8(expected.second ? 1 : 0);
  if (expected.second) builder.mask(expected.second);
  builder.end(start);
  Handler handler;
  Outcome outcome = run_init(builder.record(), handler);
  CHECK(handler.runs == expected.runs);
  CHECK(outcome.err == expected.err);
  CHECK(expected.err == 0 || outcome.step == expected.step);
}

// alt{try: 2, onErrno: [2], else: alt{try: 3, onErrno: [3], else: 4}}
void check_nested() {
  Builder builder;
  size_t outer = builder.begin_alt();
  builder.mask("2");
  builder.u32(1);
  builder.u32(2);
  builder.u8(1);
  size_t inner = builder.begin_alt();
  builder.mask("3");
  builder.u32(1);
  builder.u32(3);
  builder.u8(1);
  builder.mask("4");
  builder.end(inner);
  builder.end(outer);
  Handler handler;
  Outcome outcome = run_init(builder.record(), handler);
  CHECK(handler.runs == 3);
  CHECK(outcome.err == 4);
  CHECK(outcome.step == (step::path_mask::tmpfs | 3 << 8));
}

// An operation of another process, and bytes that do not hold its fields.
void check_malformed() {
  Builder builder;
  builder.mask("0");
  Handler handler;
  CHECK(run_host(builder.record(), handler).err == EBADMSG);
  CHECK(run_stager(builder.record(), handler).err == EBADMSG);
  OpRecord record = builder.record();
  record.body.size -= 1;
  CHECK(run_init(record, handler).err == EBADMSG);
  CHECK(handler.runs == 0);
}

} // namespace

int main() {
  constexpr int tmpfs = step::path_mask::tmpfs;
  check_alternative({"0", "5", 1, 0, 0});
  check_alternative({"1", "0", 2, 0, 0});
  check_alternative({"2", nullptr, 1, 0, 0});
  check_alternative({"3", "0", 1, 3, tmpfs});
  check_alternative({"2", "7", 2, 7, tmpfs | 1 << 8});
  check_nested();
  check_malformed();
  CHECK(strcmp(operation_name(code::mount_fs), "mount.fs") == 0);
  CHECK(strcmp(step_name(code::mount_fs, step::mount_fs::attach), "attach") == 0);
  CHECK(strcmp(step_name(code::mount_fs, 99), "?") == 0 && strcmp(step_name(9999, 0), "?") == 0);
  CHECK(strcmp(program_name(ProgramName::delete_), "delete") == 0);
  return test::failures == 0 ? 0 : 1;
}

// Fuzzes the reader of plans. A plan that verify() accepts must be readable to its last byte and must run: no
// operation of it may turn out malformed.
#include <stdlib.h>
#include "generated/plan_fields.gen.h"
#include "plan/plan_file.h"

using namespace veloci;

namespace {

volatile uint8_t sink;

void touch(const void *data, size_t size) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  for (size_t i = 0; i < size; ++i) sink = bytes[i];
}

// Reads every byte of a value.
struct Toucher {
  template <class T> void operator()(const char *, const T &value) { visit(value); }

  void visit(Bytes value) { touch(value.data, value.size); }
  void visit(Str value) { touch(value.c_str(), strlen(value.c_str()) + 1); }
  void visit(const OpRecord &record) { touch(record.body.data, record.body.size); }
  void visit(const Template &value) {
    value.for_each([this](const TemplatePart &part) { visit(part.literal); });
  }
  template <class T> void visit(const Optional<T> &value) {
    if (value) visit(value.value);
  }
  template <class T> void visit(const List<T> &list) {
    uint32_t count = 0;
    for (const T &element : list) {
      visit(element);
      count += 1;
    }
    if (count != list.size()) abort();
  }
  template <class T>
  requires __is_class(T) void visit(const T &value) {
    if constexpr (requires { each_field(value, *this); }) each_field(value, *this);
  }
  template <class T>
  requires(!__is_class(T)) void visit(const T &value) { touch(&value, sizeof value); }
};

// Fails every second operation, so that alternatives are taken too.
struct Handler {
  unsigned count = 0;

  template <class T> Outcome on(const T &value) {
    each_field(value, Toucher());
    count += 1;
    return count % 2 ? Outcome::failed(0, ENOENT) : Outcome::success();
  }
};

void run(const Program &program) {
  Handler handler;
  for (const OpRecord &record : program) {
    Outcome outcome;
    switch (program_actor(program.name())) {
    case Actor::host: outcome = run_host(record, handler); break;
    case Actor::stager: outcome = run_stager(record, handler); break;
    case Actor::init: outcome = run_init(record, handler); break;
    }
    if (outcome.err == EBADMSG) abort();
  }
}

void check(Bytes bytes) {
  const char *what = nullptr;
  if (!verify(bytes, &what)) {
    if (!what) abort();
    return;
  }
  PlanFile plan;
  if (!PlanFile::open(bytes, plan, &what)) abort();
  for (uint32_t i = 0; i < plan.size(); ++i) run(plan.at(i));
}

void check_response(Bytes bytes) {
  Reader reader(bytes);
  Response response;
  if (read(reader, response) && reader.at_end()) each_field(response, Toucher());
}

// Writes the header that belongs to these bytes: mutations of it would only repeat the cheap first checks.
void complete(uint8_t *data, size_t size) {
  const char magic[] = "VLCIPLAN";
  uint32_t total = static_cast<uint32_t>(size);
  memcpy(data, magic, 8);
  memcpy(data + 8, plan_schema_hash, sizeof plan_schema_hash);
  memcpy(data + 24, &total, sizeof total);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check({data, size});
  check_response({data, size});
  if (size < 32) return 0;
  uint8_t *copy = static_cast<uint8_t *>(malloc(size));
  memcpy(copy, data, size);
  complete(copy, size);
  check({copy, size});
  free(copy);
  return 0;
}

#include "planner/child.h"

#include <sys/mman.h>
#include <sys/uio.h>

#include "base/io.h"
#include "planner/confine.h"

namespace veloci {
namespace {

// Of config.json and process.json.
constexpr uint32_t max_blob = 16 << 20;

Bytes of(Str text) { return {reinterpret_cast<const uint8_t *>(text.data), text.size}; }

// Header and bytes in one call, so that the launcher wakes once.
bool write_answer(int fd, AnswerHeader header, Bytes bytes) {
  const uint8_t *head = reinterpret_cast<const uint8_t *>(&header);
  size_t head_size = sizeof header;
  while (head_size + bytes.size > 0) {
    iovec parts[] = {{const_cast<uint8_t *>(head), head_size}, {const_cast<uint8_t *>(bytes.data), bytes.size}};
    ssize_t count = writev(fd, parts, 2);
    if (count < 0) return false;
    size_t written = static_cast<size_t>(count);
    size_t of_head = written < head_size ? written : head_size;
    head += of_head;
    head_size -= of_head;
    bytes.data += written - of_head;
    bytes.size -= written - of_head;
  }
  return true;
}

// Reads the request; each part is followed by a NUL, which the JSON parser needs.
int read_request(int fd, RequestHeader &header, uint8_t *&data) {
  // The end of the socket instead of a request: the launcher needs no plan.
  if (!read_exactly(fd, &header, sizeof header)) _exit(0);
  if (header.json > max_blob || header.config > max_blob || header.process > max_blob || header.live > max_blob)
    return EFBIG;
  size_t size = size_t{header.json} + header.config + header.process + header.live + 4;
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  data = static_cast<uint8_t *>(memory);
  bool ok = read_exactly(fd, data, header.json) && read_exactly(fd, data + header.json + 1, header.config) &&
            read_exactly(fd, data + header.json + 1 + header.config + 1, header.process) &&
            read_exactly(fd, data + header.json + 1 + header.config + 1 + header.process + 1, header.live);
  return ok ? 0 : EPROTO;
}

// Answers one request; `followed` says whether another one comes. 0 or an errno.
int answer(int fd, Engine *engine, bool &followed) {
  RequestHeader header;
  uint8_t *data = nullptr;
  int err = read_request(fd, header, data);
  if (err != 0) return err;
  followed = header.followed != 0;

  AnswerHeader answer{static_cast<uint32_t>(EngineStatus::threw), 0};
  Bytes bytes = of(Str::of("the engine's bytecode cannot be loaded"));
  if (engine != nullptr) {
    const uint8_t *config = data + header.json + 1, *process = config + header.config + 1;
    const uint8_t *live = process + header.process + 1;
    EngineStatus status = engine->run({reinterpret_cast<char *>(data), header.json},
                                      {header.has_config ? config : nullptr, header.config},
                                      {header.has_process ? process : nullptr, header.process},
                                      {header.live > 0 ? live : nullptr, header.live}, bytes);
    answer.status = static_cast<uint32_t>(status);
  }
  if (bytes.size > max_answer) return EFBIG;
  answer.size = static_cast<uint32_t>(bytes.size);
  return write_answer(fd, answer, bytes) ? 0 : EPIPE;
}

int serve(int fd, EngineName name) {
  Engine *engine = Engine::open(name);
  bool followed = true;
  int err = 0;
  while (err == 0 && followed) err = answer(fd, engine, followed);
  return err;
}

} // namespace

void planner_main(int fd, pid_t launcher, EngineName name) {
  int err = confine(fd, launcher, planner_address_space, planner_cpu_seconds);
  _exit(err != 0 ? err : serve(fd, name));
}

} // namespace veloci

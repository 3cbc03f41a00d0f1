#include "planner/snapshot.h"

#include <sys/mman.h>

#include "base/io.h"
#include "planner/engine.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace veloci {
namespace {

// Enough for every usual request.
constexpr size_t least_capacity = size_t{12} << 20;

// Only in the copies of a program that the build runs to get the image: address of the header, size, memory.
__attribute__((constructor)) void write_snapshot() {
  if (veloci_snapshot.state != SnapshotState::write) return;
  Engine *engine = Engine::make(EngineName::main);
  if (engine == nullptr || engine != snapshot_address) _exit(1);
  Bytes memory = engine->memory();
  uint64_t head[] = {reinterpret_cast<uint64_t>(&veloci_snapshot), memory.size};
  _exit(write_all(STDOUT_FILENO, head, sizeof head) && write_all(STDOUT_FILENO, memory.data, memory.size) ? 0 : 1);
}

} // namespace

void *map_engine_memory(size_t &capacity, size_t ready) {
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  constexpr int access = PROT_READ | PROT_WRITE;
  void *memory;
  for (;; capacity /= 2) {
    if (capacity < least_capacity) return nullptr;
    memory = mmap(snapshot_address, capacity, access, flags | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory == MAP_FAILED) memory = mmap(nullptr, capacity, access, flags, -1, 0);
    if (memory != MAP_FAILED) break;
  }
  // One call for what every request needs is cheaper than a fault for each page.
  ready = (ready + 4095) & ~size_t{4095};
  mmap(memory, ready, access, flags | MAP_FIXED | MAP_POPULATE, -1, 0);
  return memory;
}

void snapshot_restore(const SnapshotHeader &header, void *memory) {
  const uint8_t *image = reinterpret_cast<const uint8_t *>(&header + 1);
  memcpy(memory, image, header.image_size);
  uint64_t base = reinterpret_cast<uint64_t>(&header);
  uint64_t *words = static_cast<uint64_t *>(memory);
  const uint32_t *relocations = reinterpret_cast<const uint32_t *>(image + header.image_size);
  for (uint32_t i = 0; i < header.relocation_count; i++) words[relocations[i]] += base;
}

} // namespace veloci

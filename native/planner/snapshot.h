// The prepared engine as data: the build runs the engine's start once and keeps the memory that results, so that a
// planner copies it instead of reading bytecode. docs/decisions/0002-planner.md says how.
#pragma once
#include "base/types.h"

namespace veloci {

enum class SnapshotState : uint32_t {
  none = 0,  // the engine is made from bytecode
  write = 1, // the program writes the memory of its engine to standard output, instead of doing its work
  ready = 2,
};

// The build makes it (scripts/build/snapshot.ts): the image, then the relocations, follow.
struct SnapshotHeader {
  char magic[8];
  SnapshotState state;
  uint32_t image_size;       // bytes, a multiple of 8
  uint32_t relocation_count; // u32 each: index of an 8-byte word of the image that is an offset from this header
  uint32_t capacity;         // bytes behind the header
};
static_assert(sizeof(SnapshotHeader) == 24);

// The memory of an engine has this address, because pointers into it are part of the image. Far below everything that
// the kernel places, on x86-64 and with 39 bits of addresses too. Program and stack stay where chance puts them.
inline void *const snapshot_address = reinterpret_cast<void *>(0x1000000000);

extern "C" const SnapshotHeader veloci_snapshot;

// Maps zeroed memory, at snapshot_address when that is free, and makes the first `ready` bytes present. Where the
// caller's limits or the system's accounting refuse `capacity` bytes, it becomes less. nullptr: none.
void *map_engine_memory(size_t &capacity, size_t ready);

// Copies the image to `memory` and relocates it.
void snapshot_restore(const SnapshotHeader &header, void *memory);

} // namespace veloci

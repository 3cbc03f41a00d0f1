// When what was done at the last processes that exec has started in a container: kept in its state directory.
#pragma once
#include "launcher/door/request.h"

namespace veloci {

// As many as there are kept plans of exec.
constexpr uint32_t exec_timings_max = 16;

// The stamps of one exec, in its place of the file.
struct ExecTiming {
  char magic[8];
  uint64_t begun;       // CLOCK_REALTIME, nanoseconds
  uint32_t number;      // of the container's execs, from 1
  uint32_t count, lost; // stamps that follow; those that there was no room for
  uint32_t unused;
  char program[64]; // ends in a NUL
  // Those of the plan, with their codes, and the moments.
  static constexpr size_t stamps_max = 248;
  RecordStamp stamps[stamps_max];
  char rest[32];
};
static_assert(sizeof(ExecTiming) == 4096);

// Keeps the stamps of the exec that has just started its program. `planned`: when its plan was there, in nanoseconds of
// CLOCK_MONOTONIC. `process`: the text of --process. A failure costs the timeline alone.
void keep_exec_timing(Invocation &invocation, int64_t planned, Bytes process);

// Reads what is kept of the exec that is the Nth from the last one, 1 = the last. False when nothing is.
bool read_exec_timing(const Invocation &invocation, uint32_t back, ExecTiming &timing);

// What --process of the exec with this number named, and said: views of `memory`. False when nothing is kept.
bool read_exec_process(const Invocation &invocation, uint32_t number, Buffer &memory, Str &name, Bytes &text);

// Puts the stamps into a record, which is empty.
void take_stamps(const ExecTiming &timing, Record &record);

} // namespace veloci

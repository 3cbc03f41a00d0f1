// How the container's first process has ended, as far as somebody has seen it: kept in the record until it is deleted.
#pragma once
#include "record/record.h"

namespace veloci {

// Which command sent the container the last signal.
enum class Sender : uint32_t { nobody = 0, kill = 1, run = 2, delete_ = 3 };

// What is kept. Zeros and empty texts are not known.
struct RecordEnding {
  uint64_t started;  // nanoseconds of CLOCK_REALTIME: the program was started
  uint64_t finished; // its end, seen by a command that waited for it
  uint32_t sender;   // Sender
  int32_t sent;      // the signal
  uint64_t sent_time;
  uint64_t memory_peak;          // bytes, of the whole container
  uint64_t cpu_user, cpu_system; // nanoseconds, of the whole container
  uint32_t signal_known;         // 1: `signal` is what ended it, 0 for none
  int32_t signal;
  char call[40];     // the system call that the seccomp profile refused
  char pointer[120]; // the value of config.json that is the cause
};

// Changes are plain stores: who reads while another command writes may see a part. nullptr when the maker of the
// container did not know it.
RecordEnding *record_ending(Record &record);
const RecordEnding *record_ending(const Record &record);

// Notes that a command sends a signal now.
void record_sender(Record &record, Sender sender, int signal);

// Notes which signal has ended init; 0 = it has exited.
void record_signal(Record &record, int signal);

// The signal that has ended the program when init has stayed above it, which exits with 128 and the signal then; 0 =
// none.
int record_reaped(const Record &record);

// Puts a text into a member; one that does not fit is left out.
template <size_t size> void keep_text(char (&member)[size], Str text) {
  if (text.size >= size) return;
  memcpy(member, text.data, text.size);
  member[text.size] = 0;
}

} // namespace veloci

#include "record/ending.h"
#include "base/clock.h"

namespace veloci {

const RecordEnding *record_ending(const Record &record) {
  constexpr size_t size = offsetof(RecordAdded, ending) + sizeof(RecordAdded::ending);
  const RecordAdded *added = record_added(record);
  static_assert(sizeof(RecordAdded::ending) == sizeof(RecordEnding));
  if (added == nullptr || added->size < size) return nullptr;
  return reinterpret_cast<const RecordEnding *>(added->ending);
}

RecordEnding *record_ending(Record &record) {
  return const_cast<RecordEnding *>(record_ending(static_cast<const Record &>(record)));
}

void record_sender(Record &record, Sender sender, int signal) {
  RecordEnding *ending = record_ending(record);
  if (ending == nullptr || signal == 0) return;
  ending->sender = static_cast<uint32_t>(sender);
  ending->sent = signal;
  ending->sent_time = static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME));
}

int record_reaped(const Record &record) {
  const RecordEnding *ending = record_ending(record);
  return ending == nullptr || ending->signal_known == 0 ? 0 : ending->signal;
}

void record_signal(Record &record, int signal) {
  RecordEnding *ending = record_ending(record);
  if (ending == nullptr) return;
  ending->signal = signal;
  ending->signal_known = 1;
}

} // namespace veloci

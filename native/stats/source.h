// The files of a container's cgroups, in whichever hierarchy they are.
#pragma once
#include "base/pages.h"
#include "host/text.h"
#include "record/record.h"

namespace veloci {

// Every name of a file occurs in one hierarchy of v1 alone; v2 has all in one directory. So a file is found by its
// name.
class StatsSource {
public:
  // Opens the cgroups of the record. 0, or an errno: ENOENT when none is there.
  int open(const Record &record);

  // Reads a file; false when no cgroup has it. The text is valid until the next read.
  bool read(const char *name, Slice &text);
  // Reads a number; `max` is UINT64_MAX.
  bool number(const char *name, uint64_t &value);
  // Opens a file for watching. -1 and errno on failure.
  int open_file(const char *name, int flags);
  // The directory that has a file; -1 when there is none. The descriptor stays the source's.
  int directory_of(const char *name);

private:
  static constexpr unsigned most = record_cgroups_max;
  Fd directories_[most];
  unsigned count_ = 0;
  // Where the last file was: the next one is mostly of the same controller.
  unsigned last_ = 0;
  Pages memory_;
};

// Number at the beginning of a text; UINT64_MAX for `max`. False when there is none.
bool parse_count(Slice text, uint64_t &value);

// Finds `KEY VALUE` in lines of that form.
bool find_count(Slice lines, const char *key, uint64_t &value);

} // namespace veloci

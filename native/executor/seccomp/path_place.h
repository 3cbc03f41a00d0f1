// Where the paths of a process lead: its arguments are read from its memory, and resolved in its root.
#pragma once
#include "base/io.h"
#include "base/types.h"
#include <sys/stat.h>
#include <sys/types.h>

namespace veloci {

// A file of the host's procfs for a process.
struct ProcName : TextOf<64> {
  ProcName(pid_t process, const char *file) { add("/proc/").add_number(static_cast<uint64_t>(process)).add(file); }
  ProcName(pid_t process, const char *file, int fd) : ProcName(process, file) { add_number(static_cast<uint64_t>(fd)); }
};

// Memory of a process, up to what is there: 0 with an errno when nothing is.
size_t read_memory(pid_t process, uint64_t address, void *out, size_t size);

// The path without its last component; "/" for what lies there.
Str above(Str path);

// Where a path leads.
struct Place {
  TextOf<4096> path; // as the container has it, without links
  mode_t mode = 0;
  bool missing = false;   // the directory is there, with nothing of this name
  bool read_only = false; // so is the file system
};

// A process, and what it sees as its root.
class ProcessPaths {
public:
  explicit ProcessPaths(pid_t process) : process_(process) {}

  pid_t process() const { return process_; }
  // Where the text at `address` leads, from an open directory of the process or from AT_FDCWD. False when it leads
  // nowhere.
  bool find(int dir, uint64_t address, bool follow, Place &place);
  // The same of a path from the root.
  bool find(Text &path, bool follow, Place &place);
  // What an open descriptor of the process is, where the container's own tree has it.
  bool see_descriptor(int fd, Place &place);
  // Why it may not be looked into, an errno, or 0.
  int refused() const { return refused_; }

private:
  int root();
  bool see(int fd, Place &place);
  bool base_of(int dir, Text &text);
  bool follow_part(Text &path, Place &place, bool &again);
  bool see_process(Str name, const char *rest, Text &text, Place &place, bool &again);
  bool see_link(const char *link, Place &place);

  pid_t process_;
  Fd root_;
  int refused_ = 0;
};

} // namespace veloci

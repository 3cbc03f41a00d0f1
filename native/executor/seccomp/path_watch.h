// --learn-paths: which paths the processes of a container use, from the arguments of their system calls.
#pragma once
#include "executor/seccomp/path_place.h"
#include <linux/seccomp.h>
#include <sys/types.h>

namespace veloci {

// Something that was used. `rights` are those that Landlock would ask for, as in <linux/landlock.h>.
struct LearnedPath {
  uint32_t offset, size; // its text
  uint32_t rights;       // 0: the place is free, unless it came or went
  bool used;
  bool changed; // it was made, removed, or has got another name
};

// Filled by the learner, in memory that both processes have.
struct LearnedPaths {
  static constexpr uint32_t max = 32768;
  static constexpr uint32_t text_max = 4 << 20;
  int32_t error;     // why they are not known, an errno: ENODATA until a program is executed
  bool foreign;      // calls of another table were made (32-bit programs)
  uint32_t nameless; // paths that have no text in UTF-8
  uint32_t text_size;
  LearnedPath paths[max];
  char text[text_max];
};

class PathWatch {
public:
  // `paths` may be nullptr when nothing is to be noted.
  PathWatch(LearnedPaths *paths, int listener) : paths_(paths), listener_(listener) {}

  // Looks at a call before the kernel makes it.
  void note(const seccomp_notif &call);

private:
  struct Call;

  void begin_program(const Call &call);
  void dispatch(const Call &call);
  void on_open(const Call &call, int dir, uint64_t path, uint64_t flags);
  void on_exec(const Call &call, int dir, uint64_t path, uint64_t flags);
  void on_make(const Call &call, int dir, uint64_t path, uint32_t right);
  void on_remove(const Call &call, int dir, uint64_t path, bool directory);
  void on_link(const Call &call, int dir, uint64_t path, int new_dir, uint64_t new_path, uint64_t flags);
  void on_rename(const Call &call, int dir, uint64_t path, int new_dir, uint64_t new_path, uint64_t flags);
  void on_bind(const Call &call, uint64_t address, uint64_t size);
  void on_descriptor(const Call &call, int fd, uint32_t right, bool device);

  bool is_same(const Call &call);
  void add(const Call &call, Str path, uint32_t rights, bool changed);
  void add(const Call &call, const Place &place, uint32_t rights, bool changed = false);
  void add_above(const Call &call, const Place &place, uint32_t rights);

  LearnedPaths *paths_;
  int listener_;
  bool awaits_program_ = true;
  bool first_unseen_ = false; // init's execve was not for us to see
  static constexpr uint32_t executing_max = 1024;
  pid_t executing_[executing_max] = {}; // whose execve has passed, by their number
};

} // namespace veloci

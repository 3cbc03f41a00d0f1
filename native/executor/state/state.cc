#include "executor/state/state.h"
#include "base/clock.h"
#include "base/sys.h"
#include "cgroup/own_cgroup.h"
#include "base/directory.h"
#include "file/files.h"
#include "process/process.h"
#include "generated/plan.gen.h"
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace veloci {

namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void sleep_milliseconds(uint32_t milliseconds) {
  struct timespec time {
    milliseconds / 1000, static_cast<long>(milliseconds % 1000) * 1000000
  };
  nanosleep(&time, nullptr);
}

bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && memcmp(text + length - tail, end, tail) == 0;
}

// A file, or an empty directory that somebody has put in its place.
int remove_name(int dir, const char *name) {
  if (unlinkat(dir, name, 0) == 0) return 0;
  return errno == EISDIR ? unlinkat(dir, name, AT_REMOVEDIR) : -1;
}

// What remove_state may unlink although it is not one of the fixed names.
bool is_removable(const char *name) { return is_exec_memo(name) || (name[0] == '.' && ends_with(name, ".tmp")); }

int map_record_file(Context &context) {
  void *memory = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, context.record_file.get(), 0);
  if (memory == MAP_FAILED) return errno;
  context.record = static_cast<Record *>(memory);
  return 0;
}

// Puts id, times and the boot into an empty record.
int begin_record(Record &record, Str id) {
  if (!record_begin(record, id)) return ENAMETOOLONG;
  record.created = static_cast<uint64_t>(nanoseconds_of(CLOCK_REALTIME));
  record.boot = boot_mark();
  memcpy(record.added.schema, plan_schema_hash, sizeof record.added.schema);
  return 0;
}

// All of the record's bytes at once: a hole that a full disk cannot fill would end the writer by SIGBUS.
int allocate(int fd, off_t size) {
  int result;
  do result = fallocate(fd, 0, 0, size);
  while (result != 0 && errno == EINTR);
  if (result == 0) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  // A file system without it: zeros do the same.
  static const uint8_t zeros[record_page] = {};
  for (off_t done = 0; done < size; done += record_page) {
    if (int err = write_all(fd, Bytes{zeros, record_page}); err != 0) return err;
  }
  return 0;
}

int make_record(Context &context) {
  int fd = openat(context.state.get(), state_name::record, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  context.record_file.reset(fd);
  if (int err = allocate(fd, sizeof(Record)); err != 0) return err;
  if (int err = map_record_file(context); err != 0) return err;
  context.report = context.record;
  return begin_record(*context.record, context.id);
}

} // namespace

bool is_exec_memo(const char *name) {
  constexpr size_t prefix = sizeof state_name::exec_prefix - 1, digits = 64;
  if (strncmp(name, state_name::exec_prefix, prefix) != 0) return false;
  return strlen(name) == prefix + digits && strspn(name + prefix, "0123456789abcdef") == digits;
}

int claim_state(Context &context) {
  // Pushed first: remove_state bears that there is nothing. It must not run when the id is somebody else's.
  if (mkdirat(context.root, context.id.c_str(), 0700) != 0) return errno;
  auto undo = [](Context &claimed, const void *) {
    if (!claimed.cgroup_remains) remove_state(claimed);
  };
  if (!context.undo.push(undo)) return errno;
  int fd = openat(context.root, context.id.c_str(), directory_flags);
  if (fd < 0) return errno;
  context.state.reset(fd);
  context.mark = state_mark(fd);
  // Whoever has seen the new directory before it was locked holds it for a moment at most.
  constexpr uint32_t asked = 1000;
  if (int err = lock_state(context, asked); err != 0) return err;
  return make_record(context);
}

int make_report(Context &context) {
  constexpr unsigned flags = sys::memfd_cloexec | sys::memfd_allow_sealing;
  int fd = sys::memfd_create("veloci-report", flags | sys::memfd_noexec_seal);
  // Before Linux 6.3 there is no such flag.
  if (fd < 0 && errno == EINVAL) fd = sys::memfd_create("veloci-report", flags);
  if (fd < 0) return errno;
  context.report_file.reset(fd);
  // Who sees the process that reports may have a descriptor of it: cut off it would end us by SIGBUS.
  constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
  if (ftruncate(fd, sizeof(Record)) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) return errno;
  void *memory = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return errno;
  context.report = static_cast<Record *>(memory);
  if (int err = begin_record(*context.report, context.id); err != 0) return err;
  // The stager joins the cgroups that the container's record means.
  if (context.record != nullptr) record_copy_cgroups(*context.report, *context.record);
  return 0;
}

int open_state(Context &context) {
  int fd = openat(context.root, context.id.c_str(), directory_flags);
  if (fd < 0) return errno == ENOTDIR || errno == ELOOP ? ENOENT : errno;
  context.state.reset(fd);
  return 0;
}

int map_record(Context &context) {
  int fd = openat(context.state.get(), state_name::record, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno;
  context.record_file.reset(fd);
  struct stat info;
  if (fstat(fd, &info) != 0) return errno;
  // What is read lies in the file: beyond its last page there is only SIGBUS. Another form's may have any size from the
  // head's on.
  if (!S_ISREG(info.st_mode) || info.st_size < static_cast<off_t>(record_head_size)) return EBADMSG;
  if (int err = map_record_file(context); err != 0) return err;
  if (record_whole(*context.record, info.st_size)) return 0;
  munmap(context.record, sizeof(Record));
  context.record = nullptr;
  return EBADMSG;
}

int lock_state(Context &context, uint32_t milliseconds, const Signals *signals) {
  for (uint32_t waited = 0, pause = 1;;) {
    if (flock(context.state.get(), LOCK_EX | LOCK_NB) == 0) break;
    if (errno != EWOULDBLOCK && errno != EINTR) return errno;
    if (waited >= milliseconds) return EWOULDBLOCK;
    if (signals != nullptr && Signals::pending_stop() != 0) return EINTR;
    sleep_milliseconds(pause);
    waited += pause;
    if (pause < 16) pause *= 2;
  }
  struct stat info;
  if (fstat(context.state.get(), &info) != 0) return errno;
  return info.st_nlink == 0 ? ENOENT : 0;
}

void unlock_state(Context &context) { flock(context.state.get(), LOCK_UN); }

Outcome remove_state(Context &context) {
  constexpr const char *names[] = {
      state_name::fifo,   state_name::plan,    state_name::state,  state_name::status,
      state_name::config, state_name::request, state_name::record,
  };
  int dir = context.state.get();
  if (dir >= 0) {
    for (const char *name : names) {
      if (remove_name(dir, name) != 0 && errno != ENOENT) return Outcome::failed(step::state_remove::unlink);
    }
  }
  if (unlinkat(context.root, context.id.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if ((errno != ENOTEMPTY && errno != EEXIST) || dir < 0) return Outcome::failed(step::state_remove::rmdir);
  // What only some containers have.
  unlinkat(dir, state_name::notify_socket, 0);
  unlinkat(dir, state_name::notify, AT_REMOVEDIR);
  // Again and again: an exec, which takes no lock, may be keeping its plan just now.
  constexpr int tries = 8;
  for (int i = 0; i < tries; i++) {
    lseek(dir, 0, SEEK_SET);
    int err = for_each_entry(dir, [&](const char *name) {
      if (is_removable(name)) unlinkat(dir, name, 0);
    });
    if (err != 0) return Outcome::failed(step::state_remove::unlink, err);
    if (unlinkat(context.root, context.id.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) break;
  }
  return Outcome::failed(step::state_remove::rmdir);
}

} // namespace veloci

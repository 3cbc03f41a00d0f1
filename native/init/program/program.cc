// The container's program: found, released, run.
#include <fcntl.h>
#include <initializer_list>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "init/program/cause.h"
#include "init/init.h"

namespace veloci {
namespace {

constexpr int at_eaccess = 0x200;
constexpr uintptr_t page = 4096;

enum class Lookup : uint8_t { program, nothing, directory, forbidden };

// Whether this path can be executed; errno says more when it cannot.
Lookup look_at(const char *path) {
  struct stat status;
  if (fstatat(AT_FDCWD, path, &status, 0) < 0) return errno == EACCES ? Lookup::forbidden : Lookup::nothing;
  if (S_ISDIR(status.st_mode)) return errno = EISDIR, Lookup::directory;
  if (sys::faccessat2(AT_FDCWD, path, X_OK, at_eaccess) == 0) return Lookup::program;
  // No such system call, or the filter of the container refuses it. Real and effective ids are the same here.
  bool refused = errno == ENOSYS || errno == EPERM;
  if (refused && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0) return Lookup::program;
  // execve(2) itself will fail then.
  if (refused && (errno == ENOSYS || errno == EPERM) && status.st_mode & 0111) return Lookup::program;
  return errno == EACCES ? Lookup::forbidden : Lookup::nothing;
}

// Looks through the directories of PATH for the first file of this kind; an empty one is the working directory.
// `path` is then its own.
Lookup search(Str name, Str directories, Lookup wanted, Text &path) {
  Lookup result = Lookup::nothing;
  const char *cursor = directories.data, *end = directories.data + directories.size;
  for (;;) {
    const char *colon = cursor;
    while (colon < end && *colon != ':') colon++;
    path.clear();
    if (colon > cursor)
      path.add(cursor, static_cast<size_t>(colon - cursor));
    else
      path.add_char('.');
    path.add_char('/').add(name);
    Lookup lookup = path.complete() ? look_at(path.c_str()) : Lookup::nothing;
    if (lookup == wanted) return lookup;
    if (lookup == Lookup::forbidden) result = lookup;
    if (colon == end) return result;
    cursor = colon + 1;
  }
}

// The pages of the stack that earlier operations have used and nobody needs any more.
[[gnu::noinline]] void release_stack() {
  constexpr uintptr_t reach = 256 * 1024;
  uintptr_t top = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - 512; // what this function itself stands on
  uintptr_t end = top & ~(page - 1);
  sys::passing(SYS_madvise, end - reach, reach, MADV_DONTNEED);
}

} // namespace

Outcome Init::on(const ProgramFind &op) {
  namespace steps = step::program_find;
  bool plain = memchr(op.name.data, '/', op.name.size) == nullptr;
  Lookup lookup = Lookup::nothing;
  errno = ENOENT;
  path_.clear();
  if (!plain) {
    path_.add(op.name);
    lookup = path_.complete() ? look_at(path_.c_str()) : Lookup::nothing;
  } else if (!op.name.empty() && !op.path.empty()) {
    lookup = search(op.name, op.path, Lookup::program, path_);
    if (lookup == Lookup::forbidden) search(op.name, op.path, Lookup::forbidden, path_);
  }
  switch (lookup) {
  case Lookup::program: return Outcome::success();
  case Lookup::directory: return fail(steps::directory, EISDIR, op.name);
  case Lookup::forbidden:
    find_cause(path_.c_str(), EACCES, shared_.detail);
    shared_.detail.next(DetailPart::path).add(op.name);
    return Outcome::failed(steps::access, EACCES);
  case Lookup::nothing: return fail(steps::find, plain ? ENOENT : errno, op.name);
  }
  return fail(steps::find, ENOENT, op.name);
}

// The plan's pages that hold only what is done, or is not ours: a container may wait here for long.
void Init::release_plan() {
  auto address = [](const uint8_t *pointer) { return reinterpret_cast<uintptr_t>(pointer); };
  uintptr_t start = address(shared_.plan.data), end = start + shared_.plan.size;
  uintptr_t needed = address(needed_) & ~(page - 1), needed_end = (address(needed_end_) + page - 1) & ~(page - 1);
  if (needed > start) sys::passing(SYS_madvise, start, needed - start, MADV_DONTNEED);
  if (needed_end < end) sys::passing(SYS_madvise, needed_end, end - needed_end, MADV_DONTNEED);
}

Outcome Init::on(const StartWait &) {
  namespace steps = step::start_wait;
  Record &record = *shared_.record;
  // A filter that comes later looks through the plan's operations, which go now.
  if (program_has(code::seccomp_load) && !prepare_program()) return Outcome::failed(steps::report);
  record_set_stage(record, Stage::created);
  MessageHeader created;
  created.type = static_cast<uint8_t>(MessageType::sync);
  created.point = static_cast<uint8_t>(Point::created);
  if (!send(created)) return Outcome::failed(steps::report);
  sys::passing(SYS_close, shared_.socket.release());
  release_plan();
  release_stack();
  char byte;
  ssize_t size;
  do size = sys::passing(SYS_read, shared_.fifo.get(), &byte, 1);
  while (size < 0 && errno == EINTR);
  if (size != 1) return Outcome::failed(steps::read, size == 0 ? EPIPE : errno);
  record_set_stage(record, Stage::released);
  return Outcome::success();
}

// Puts the preserved descriptors to 3 and up. Ours go above them and end with execve.
bool Init::arrange_descriptors() {
  if (arranged_) return true;
  if (!closed_) close_descriptors();
  int preserved = static_cast<int>(shared_.preserved);
  if (preserved > 0) {
    int above = first_preserved_fd + preserved;
    for (Fd *fd : {&shared_.socket, &shared_.fifo, &listener_}) {
      if (!fd->valid()) continue;
      int moved = fcntl(fd->get(), F_DUPFD_CLOEXEC, above);
      if (moved < 0) return false;
      fd->reset(moved);
    }
    for (int i = 0; i < preserved; i++) {
      if (shared_.is_gap(i))
        close(3 + i);
      else if (dup2(first_preserved_fd + i, 3 + i) < 0)
        return false;
    }
    if (sys::close_range(static_cast<unsigned>(3 + preserved), static_cast<unsigned>(above) - 1, 0) < 0) return false;
  }
  arranged_ = true;
  return true;
}

// After a filter every further system call is a risk, so what is known without one is stored first.
void Init::explain_execve(int err) {
  Detail &detail = shared_.detail;
  detail.start(DetailPart::path).add(path_.str());
  execve_kind_ = err == ENOENT                   ? FailureKind::interpreter
                 : err == EACCES || err == EPERM ? FailureKind::not_executable
                 : err == ENOEXEC                ? FailureKind::format
                                                 : FailureKind::execve;
  record_fail(*shared_.record, execve_kind_, static_cast<uint32_t>(ProgramName::init), program_.size() - 1,
              Outcome::failed(step::program_run::execve, err), detail.bytes());
  if (!find_cause(path_.c_str(), err, detail)) execve_kind_ = FailureKind::not_found;
  detail.next(DetailPart::path).add(path_.str());
}

const char *Init::name_itself() {
  listen_pid_.clear();
  return listen_pid_.add("LISTEN_PID=").add_signed(sys::passing(SYS_getpid)).c_str();
}

bool Init::prepare_program(const ProgramRun &op) {
  if (prepared_) return true;
  if (!argv_.fill(op.args)) return false;
  if (op.listen_pid) env_.add(name_itself());
  prepared_ = true;
  return true;
}

bool Init::prepare_program() {
  if (prepared_) return true;
  for (const OpRecord &record : program_) {
    ProgramRun op;
    Reader reader(record.body);
    if (record.code == code::program_run && read(reader, op)) return prepare_program(op);
  }
  return true;
}

Outcome Init::on(const ProgramRun &op) {
  namespace steps = step::program_run;
  if (op.preserve > shared_.preserved) return Outcome::failed(steps::close, EBADF);
  if (!prepare_program(op) || !arrange_descriptors()) return Outcome::failed(steps::close);
  if (op.reap && !stay_above(op)) return Outcome::failed(steps::clone);
  record_set_stage(*shared_.record, Stage::executing);
  execve(path_.c_str(), argv_.data(), env_.data());
  int err = errno;
  explain_execve(err);
  return Outcome::failed(steps::execve, err);
}

} // namespace veloci

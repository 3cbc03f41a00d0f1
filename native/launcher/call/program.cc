#include "launcher/call/program.h"
#include "base/sys.h"
#include "executor/process/exit_status.h"
#include "process/process.h"
#include "wait/progress.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace veloci {

namespace {

// Drops what is behind the last line break.
void drop_cut_line(Buffer &text) {
  const void *end = memrchr(text.data(), '\n', text.size());
  text.set_size(end == nullptr ? 0 : static_cast<size_t>(static_cast<const uint8_t *>(end) - text.data()) + 1);
}

// The beginning of what a memfd holds. 0 or an errno.
int read_output(int fd, size_t limit, Buffer &out, bool &cut) {
  struct stat status;
  if (fstat(fd, &status) != 0) return errno;
  size_t size = static_cast<size_t>(status.st_size);
  bool more = size > limit;
  if (more) size = limit;
  if (!out.reserve(size + 1)) return errno;
  ssize_t got = pread(fd, out.data(), size, 0);
  if (got < 0) return errno;
  out.set_size(static_cast<size_t>(got));
  if (!more) return 0;
  cut = true;
  drop_cut_line(out);
  return 0;
}

// Takes the place of this process, or says by the pipe why not.
[[noreturn]] void become(const OutputFiles &files, const char *const *words, int failure) {
  restore_signals();
  if (files.redirect()) execvp(words[0], const_cast<char *const *>(words));
  int err = errno;
  if (::write(failure, &err, sizeof err) < 0) _exit(126);
  _exit(127);
}

} // namespace

OutputFiles::OutputFiles()
    : out_(memfd_create("veloci-out", MFD_CLOEXEC)), error_(memfd_create("veloci-error", MFD_CLOEXEC)) {}

bool OutputFiles::redirect() const {
  int empty = open("/dev/null", O_RDWR | O_CLOEXEC);
  return empty >= 0 && dup2(empty, STDIN_FILENO) >= 0 && dup2(out_.get(), STDOUT_FILENO) >= 0 &&
         dup2(error_.get(), STDERR_FILENO) >= 0;
}

int OutputFiles::take(const siginfo_t &ending, size_t limit, Printed &printed) const {
  printed.status = ending.si_code == CLD_EXITED ? ending.si_status : signal_base + ending.si_status;
  if (int err = read_output(out_.get(), limit, printed.out, printed.cut); err != 0) return err;
  return read_output(error_.get(), limit, printed.error, printed.cut);
}

int run_program(Signals &signals, const char *const *words, size_t limit, Printed &printed) {
  // One that starts a user's namespaces or reads its storage for the first time takes some seconds.
  constexpr int ends_within = 60000, killed_limit = 1000;
  OutputFiles files;
  int ends[2];
  if (!files.valid() || pipe2(ends, O_CLOEXEC) != 0) return errno;
  Fd failure_reader(ends[0]), failure_writer(ends[1]);
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) become(files, words, failure_writer.get());
  failure_writer.reset();
  int err = 0;
  siginfo_t ending{};
  {
    Fd ended(sys::pidfd_open(child, 0));
    Progress progress(Str::of(words[0]));
    err = ended.valid() ? await_readable(ended.get(), &signals, ends_within, &progress) : errno;
  }
  if (err != 0) kill(child, SIGKILL); // our own child, not yet waited for: the number is still its own
  if (!reap_child(child, killed_limit, &ending) && err == 0) err = ETIMEDOUT;
  int failed = 0;
  if (err == 0 && ::read(failure_reader.get(), &failed, sizeof failed) == static_cast<ssize_t>(sizeof failed))
    err = failed;
  return err != 0 ? err : files.take(ending, limit, printed);
}

} // namespace veloci

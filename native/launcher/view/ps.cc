#include "base/sys.h"
#include "executor/cgroup/cgroup_tree.h"
#include "process/process.h"
#include "json/json_writer.h"
#include "launcher/call/invocation.h"
#include "launcher/container/members.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

namespace veloci {

using namespace diagnostic;

namespace {

constexpr size_t output_max = 64 << 20;

int print_json(Invocation &invocation, const Members &members) {
  Buffer memory;
  size_t size = members.count() * 12 + 16;
  if (!memory.reserve(size))
    return invocation.fail(SystemCall{.what = what::list_processes, .errno_ = ErrnoText(errno)});
  JsonWriter json(reinterpret_cast<char *>(memory.data()), size);
  json.open('[');
  for (uint32_t i = 0; i < members.count(); i++) json.number(static_cast<uint64_t>(members.at(i)));
  json.close(']');
  Str text = json.text();
  const_cast<char *>(text.data)[text.size] = '\n';
  return print(invocation, {text.data, text.size + 1});
}

// Runs ps with the arguments of the command line and takes what it writes. 0 or an errno: ETIMEDOUT when it says
// nothing for too long, EINTR when we are asked to stop; `ending` is how it ended.
int run_ps(Invocation &invocation, Buffer &output, siginfo_t &ending) {
  const Arguments &arguments = invocation.arguments;
  uint32_t given = arguments.operand_count() - 1;
  auto **words = static_cast<char **>(calloc(given + 3, sizeof(char *)));
  if (words == nullptr) return ENOMEM;
  words[0] = const_cast<char *>("ps");
  words[1] = const_cast<char *>("-ef");
  for (uint32_t i = 0; i < given; i++) words[i + 1] = const_cast<char *>(arguments.operand(i + 1).c_str());
  int ends[2], failure[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  Fd reader(ends[0]), writer(ends[1]);
  if (pipe2(failure, O_CLOEXEC) != 0) return errno;
  Fd failure_reader(failure[0]), failure_writer(failure[1]);
  // One that a container keeps in the kernel must hold nothing that our caller waits for the end of.
  Fd complaints(sys::memfd_create("ps-stderr", sys::memfd_cloexec)), null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!complaints.valid() || !null.valid()) return errno;
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    restore_signals();
    if (dup2(null.get(), STDIN_FILENO) == STDIN_FILENO && dup2(writer.get(), STDOUT_FILENO) == STDOUT_FILENO &&
        dup2(complaints.get(), STDERR_FILENO) == STDERR_FILENO)
      execvp(words[0], words);
    int err = errno;
    if (::write(failure_writer.get(), &err, sizeof err) < 0) _exit(126);
    _exit(127);
  }
  writer.reset();
  failure_writer.reset();
  int err = read_all(reader.get(), output_max, output, &invocation.signals, wait_limit);
  int failed = 0;
  if (err == 0 && ::read(failure_reader.get(), &failed, sizeof failed) == static_cast<ssize_t>(sizeof failed))
    err = failed;
  // Or a ps that writes more than we take would never end.
  reader.reset();
  if (err != 0) kill(child, SIGKILL); // our own child, not yet waited for: the number is still its own
  constexpr int killed_limit = 1000;
  if (!reap_child(child, err != 0 ? killed_limit : wait_limit, &ending) && err == 0) err = ETIMEDOUT;
  char text[4096];
  ssize_t size = pread(complaints.get(), text, sizeof text, 0);
  if (size > 0) write_within(STDERR_FILENO, {text, static_cast<uint32_t>(size)}, wait_limit);
  return err;
}

// The next line of a text, without its end; false at the end.
bool next_line(const char *&cursor, const char *end, Str &line) {
  if (cursor >= end) return false;
  const void *newline = memchr(cursor, '\n', static_cast<size_t>(end - cursor));
  const char *stop = newline != nullptr ? static_cast<const char *>(newline) : end;
  line = {cursor, static_cast<uint32_t>(stop - cursor)};
  cursor = stop + 1;
  return true;
}

// The word number `column` of a line.
Str word(Str line, unsigned column) {
  const char *cursor = line.data, *end = line.data + line.size;
  for (;;) {
    while (cursor < end && *cursor == ' ') cursor++;
    const char *begin = cursor;
    while (cursor < end && *cursor != ' ') cursor++;
    if (column-- == 0 || begin == end) return {begin, static_cast<uint32_t>(cursor - begin)};
  }
}

int print_table(Invocation &invocation, const Members &members) {
  Buffer output, kept;
  siginfo_t ending = {};
  switch (int err = run_ps(invocation, output, ending)) {
  case 0: break;
  case EINTR: return invocation.interrupted();
  case ETIMEDOUT: return invocation.fail(PsSilent{.seconds = NumberText(wait_limit / 1000)});
  case EFBIG: return invocation.fail(Limit{.limit = Str::of("ps may write 64 MiB")});
  default: return invocation.fail(PsFailed{.errno_ = ErrnoText(err)});
  }
  if (ending.si_code != CLD_EXITED) return invocation.fail(PsKilled{.signal = NumberText(ending.si_status)});
  // ps has said on stderr what it does not like.
  if (ending.si_status != 0) return ending.si_status;
  const char *cursor = reinterpret_cast<const char *>(output.data()), *end = cursor + output.size();
  Str line;
  if (!next_line(cursor, end, line)) return 0;
  unsigned column = 0;
  for (Str head = word(line, 0); !(head == Str::of("PID")); head = word(line, ++column)) {
    if (head.empty()) return invocation.fail(PsColumn{});
  }
  if (!kept.reserve(output.size() + 2)) return invocation.fail(PsFailed{.errno_ = ErrnoText(errno)});
  Text text(reinterpret_cast<char *>(kept.data()), kept.capacity());
  text.add(line).add_char('\n');
  while (next_line(cursor, end, line)) {
    uint64_t pid = 0;
    if (!parse_number(word(line, column), INT32_MAX, pid) || !members.has(static_cast<int>(pid))) continue;
    text.add(line).add_char('\n');
  }
  return print(invocation, text.str());
}

} // namespace

int ps_command(Invocation &invocation) {
  if (int code = invocation.open_recorded(); code != 0) return code;
  const Context &context = invocation.context;
  Status status;
  if (int code = invocation.read_status(status); code != 0) return code;
  if (status == Status::creating) return invocation.fail(StillCreating{.id = context.id});
  Members members;
  if (int err = members.collect(*context.record, status != Status::stopped); err != 0) {
    return invocation.fail(CgroupGone{.id = context.id, .errno_ = ErrnoText(err)});
  }
  bool json = invocation.arguments.text(cli::Flag::format) == Str::of("json");
  return json ? print_json(invocation, members) : print_table(invocation, members);
}

} // namespace veloci

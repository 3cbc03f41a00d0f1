// Starts the built init program as the launcher does, hands it plans written by hand, and looks at the container that
// comes of it. Needs root and build/native/init; works in a mount namespace of its own.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/sys.h"
#include "check.h"
#include "plan/message.h"
#include "plan/record.h"
#include "plan_writer.h"

using namespace veloci;
using test::ProgramWriter;
using test::Writer;

namespace {

char top[] = "/tmp/veloci-stager-XXXXXX";
char rootfs[64];
int program = -1;

int load_program(const char *path) {
  Fd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return -1;
  int memory = sys::memfd_create("init", sys::memfd_cloexec | sys::memfd_allow_sealing | sys::memfd_exec);
  char bytes[65536];
  ssize_t size;
  while ((size = read(file.get(), bytes, sizeof bytes)) > 0) write_all(memory, bytes, static_cast<size_t>(size));
  fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return memory;
}

// One start: what the launcher would hold.
class Start {
public:
  Start(const ProgramWriter &stager, const ProgramWriter &init, uint32_t preserved = 0) : preserved_(preserved) {
    test::write_plan(plan_, stager, init);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 || pipe2(pipe_, O_CLOEXEC) < 0) abort();
    socket_.reset(ends[0]);
    Fd theirs(ends[1]);
    memory_ = sys::memfd_create("record", sys::memfd_cloexec);
    if (ftruncate(memory_, sizeof(Record)) < 0) abort();
    void *mapped = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
    record = static_cast<Record *>(mapped);
    record_begin(*record, Str::of("test-1"));
    snprintf(fifo_name_, sizeof fifo_name_, "%s/fifo", top);
    mkfifo(fifo_name_, 0600);
    Fd fifo(open(fifo_name_, O_RDWR | O_CLOEXEC));
    pid_t pid = fork();
    if (pid == 0) run_stager(theirs.get(), fifo.get());
    stager_ = pid;
    close(pipe_[1]);
  }
  ~Start() {
    int status;
    if (init > 0) {
      kill(init, SIGKILL);
      waitpid(init, &status, __WALL);
    }
    socket_.reset();
    waitpid(stager_, &status, 0);
    unlink(fifo_name_);
    munmap(record, sizeof(Record));
    close(memory_);
    close(pipe_[0]);
  }

  void send_programs() {
    MessageHeader header;
    header.type = static_cast<uint8_t>(MessageType::programs);
    header.point = 1;
    header.index = preserved_;
    CHECK(send_message(socket_.get(), header, {plan_.data(), plan_.size()}));
  }
  // The next message that is not the pid; false at the end.
  bool next() {
    for (;;) {
      Fd fd;
      if (receive_message(socket_.get(), message, fd) != Received::message) return false;
      if (message.kind() != MessageType::pid) return true;
      init = message.pid;
      CHECK(fd.valid());
    }
  }
  bool reach_created() {
    send_programs();
    bool reached = next() && message.kind() == MessageType::sync && record_stage(*record) == Stage::created;
    if (!reached) tell();
    return reached;
  }
  bool fails() {
    send_programs();
    return next() && message.kind() == MessageType::fail;
  }
  void tell() const {
    uint32_t index = message.index;
    printf("failed: program %u operation %u step %d: %s: %s\n", message.program, index, message.step,
           strerror(message.err), message.detail);
  }
  void release() {
    Fd fifo(open(fifo_name_, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK(write(fifo.get(), "1", 1) == 1);
  }
  // Exit status of the container's program; its output is in `output`.
  int finish() {
    read_small(pipe_[0], output);
    int status = -1;
    pid_t ended = waitpid(init, &status, __WALL);
    init = -1;
    return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Record *record;
  Message message;
  pid_t init = -1;
  TextOf<16384> output;

private:
  [[noreturn]] void run_stager(int socket, int fifo) {
    int last = 100;
    int ours[] = {socket, memory_, fifo, pipe_[1], program};
    for (int &fd : ours) fd = fcntl(fd, F_DUPFD_CLOEXEC, last);
    Fd null(open("/dev/null", O_RDONLY));
    dup2(null.get(), 0);
    dup2(ours[3], 1);
    dup2(ours[3], 2);
    for (int i = 0; i < 3; i++) dup2(ours[i], 3 + i);
    for (uint32_t i = 0; i < preserved_; i++) dup2(0, static_cast<int>(6 + i));
    sys::close_range(6 + preserved_, 99, 0);
    char name[] = "init";
    char *argv[] = {name, nullptr}, *envp[] = {nullptr};
    sys::execveat(ours[4], "", argv, envp, static_cast<int>(sys::at_empty_path));
    _exit(126);
  }

  Writer plan_;
  uint32_t preserved_;
  Fd socket_;
  int memory_, pipe_[2];
  pid_t stager_;
  char fifo_name_[64];
};

constexpr uint32_t namespaces = sys::clone_newns | sys::clone_newpid | sys::clone_newuts | sys::clone_newipc | sys::clone_newnet;

void clone_op(ProgramWriter &out, uint32_t types = namespaces) {
  out.op(code::process_clone, [&](Writer &to) { to.u32(types).none(); });
}
void fs_op(ProgramWriter &out, const char *type, const char *target, bool directory = false, const char *key = nullptr,
           const char *value = nullptr, bool copy = false, uint32_t attr = 0) {
  out.op(code::mount_fs, [&](Writer &to) {
    to.str(type).some(type).u32(key ? 1 : 0);
    if (key) {
      to.str(key);
      if (value) to.some(value);
      else to.none();
    }
    to.u32(attr).u8(0).str(target).u8(directory).u8(copy);
  });
}
void bind_op(ProgramWriter &out, const char *source, const char *target, uint32_t set = 0) {
  out.op(code::mount_bind,
         [&](Writer &to) { to.some(source).none().u8(1).u32(set).u32(0).u32(0).u32(0).u8(0).str(target); });
}
void path_op(ProgramWriter &out, uint16_t code, const char *path) {
  out.op(code, [&](Writer &to) { to.str(path); });
}
void root_op(ProgramWriter &out) {
  out.op(code::root_open, [&](Writer &to) { to.str(rootfs).u8(4).u8(1); });
}
void device_op(ProgramWriter &out, const char *path, uint32_t minor) {
  out.op(code::device_node, [&](Writer &to) { to.str(path).u8(0).u32(1).u32(minor).u32(0666).u32(0).u32(0); });
}
void host_programs(ProgramWriter &out) {
  for (const char *path : {"/usr", "/lib", "/lib64", "/bin"}) bind_op(out, path, path, 1);
}
void pivot_op(ProgramWriter &out) {
  out.op(code::root_pivot, [](Writer &to) { to.u8(0); });
}
void cwd_op(ProgramWriter &out, const char *path) {
  out.op(code::cwd_enter, [&](Writer &to) { to.str(path).u8(1).u8(0); });
}
void env_op(ProgramWriter &out, uint32_t uid) {
  out.op(code::process_env, [&](Writer &to) { to.strs({"PATH=/bin:/usr/bin", "A=b c"}).u8(1).u32(uid); });
}
void find_op(ProgramWriter &out, const char *name) {
  out.op(code::program_find, [&](Writer &to) { to.str(name).str("/nowhere:/bin:/usr/bin"); });
}
void run_ops(ProgramWriter &out, std::initializer_list<const char *> args, uint32_t preserve = 0) {
  out.op(code::start_wait);
  out.op(code::program_run, [&](Writer &to) { to.strs(args).u32(preserve).u8(1); });
}

int make_file(const char *path, const char *content, mode_t mode) {
  char name[256];
  snprintf(name, sizeof name, "%s/%s", rootfs, path);
  unlink(name);
  Fd file(open(name, O_CREAT | O_WRONLY | O_TRUNC, mode));
  fchmod(file.get(), mode);
  return write_all(file.get(), content, strlen(content)) ? 0 : -1;
}

bool says(const Start &start, const char *what) {
  bool found = strstr(start.output.c_str(), what) != nullptr;
  if (!found) printf("output lacks \"%s\":\n%s\n", what, start.output.c_str());
  return found;
}

// Kilobytes of memory that only the created init causes.
long proportional_size(pid_t pid) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/smaps_rollup", pid);
  Fd file(open(name, O_RDONLY | O_CLOEXEC));
  TextOf<4096> text;
  if (!file.valid() || !read_small(file.get(), text)) return -1;
  const char *line = strstr(text.c_str(), "\nPss:");
  return line ? atol(line + 5) : -1;
}

void test_container() {
  ProgramWriter stager, init;
  clone_op(stager);
  init.op(code::session_new, [](Writer &to) { to.u8(1).u32(1).u8(0).str("_ses.test"); });
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  fs_op(init, "tmpfs", "/dev", false, "mode", "755");
  host_programs(init);
  for (uint32_t minor : {3u, 5u, 8u, 9u}) {
    device_op(init, minor == 3 ? "/dev/null" : minor == 5 ? "/dev/zero" : minor == 8 ? "/dev/random" : "/dev/urandom", minor);
  }
  fs_op(init, "devpts", "/dev/pts", false, "newinstance");
  fs_op(init, "tmpfs", "/copied", false, nullptr, nullptr, true, 1);
  init.op(code::path_symlink, [](Writer &to) { to.str("/dev/fd").str("/proc/self/fd").u8(0); });
  for (const char *path : {"/proc/version", "/proc/keys", "/proc/acpi", "/proc/scsi", "/proc/none"}) {
    path_op(init, code::path_mask, path);
  }
  path_op(init, code::path_readonly, "/proc/sys");
  pivot_op(init);
  path_op(init, code::path_mask, "/proc/timer_list");
  init.op(code::net_up);
  init.op(code::hostname_set, [](Writer &to) { to.some("inside").some("domain"); });
  init.op(code::sysctl_write, [](Writer &to) { to.str("net/ipv4/ip_forward").str("1"); });
  init.op(code::rlimit_set, [](Writer &to) { to.u32(7).u64(99).u64(100); });
  init.op(code::oom_score, [](Writer &to) { to.u32(77); });
  path_op(init, code::path_directory, "/work/deep/er");
  init.op(code::mount_attr, [](Writer &to) { to.str("/").u32(1).u32(0).u8(0).u8(0); });
  env_op(init, 1234);
  cwd_op(init, "/work/deep/er");
  init.op(code::caps_bound, [](Writer &to) { to.u64(0x20); });
  init.op(code::ids_set, [](Writer &to) { to.u32(1234).u32(56).u32(2).u32(7).u32(8).u8(1).u8(1).u32(027); });
  init.op(code::caps_set, [](Writer &to) { to.u64(0x20).u64(0x20).u64(0x20).u64(0x20); });
  init.op(code::privileges_none);
  find_op(init, "sh");
  run_ops(init, {"sh", "-c",
                 "id -u; id -g; id -G; pwd; umask; hostname; echo home=$HOME a=$A listen=$LISTEN_PID; ls /proc/self/fd | wc -l;"
                 "cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj /proc/sys/kernel/domainname; ulimit -Sn;"
                 "grep -E 'Cap|NoNewPrivs' /proc/self/status; cat /proc/version | wc -c; ls /proc/acpi | wc -l;"
                 "ls -l /copied/ | sed 1d; grep ' / / ' /proc/self/mountinfo; test -e /proc/timer_list && wc -c < /proc/timer_list;"
                 "touch /x 2>&1; echo 1 2>/dev/null > /proc/sys/net/ipv4/ip_forward || echo sys-ro; ls -d /tmp/veloci-stager* 2>&1;"
                 "cat /sys/class/net/lo/flags; exit 7"});
  make_file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbad:x:12345:1:x:/bad:/\nme:x:1234:56:Me:/home/me:/bin/sh", 0644);
  Start start(stager, init);
  if (!CHECK(start.reach_created())) return;
  CHECK(!start.next());
  long size = proportional_size(start.init);
  CHECK(size > 0 && size < 150);
  printf("created: %ld KB\n", size);
  start.release();
  CHECK(start.finish() == 7);
  CHECK(record_stage(*start.record) == Stage::executing);
  CHECK(start.record->stamp_count == stager.count() + init.count() - 1);
  CHECK(says(start, "1234\n56\n56 7 8\n/work/deep/er\n0027\ninside\nhome=/home/me a=b c listen=1\n4\n1\n77\ndomain\n99\n"));
  CHECK(says(start, "CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n"
                    "CapBnd:\t0000000000000020\nCapAmb:\t0000000000000020\nNoNewPrivs:\t1\n0\n0\n"));
  CHECK(says(start, "sys-ro\n"));
  CHECK(says(start, "touch: "));
}

void test_bare(std::initializer_list<const char *> args, const char *name, Stage stage, FailureKind kind, const char *detail) {
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  host_programs(init);
  pivot_op(init);
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, name);
  run_ops(init, args);
  Start start(stager, init);
  if (!CHECK(start.reach_created())) return;
  start.release();
  start.finish();
  bool right = record_stage(*start.record) == stage && (stage != Stage::failed || start.record->failure.kind == static_cast<uint32_t>(kind));
  if (!CHECK(right && strstr(start.record->failure.detail, detail))) {
    printf("%s: stage %u kind %u: %s\n", name, start.record->stage, start.record->failure.kind, start.record->failure.detail);
  }
}

void test_execve_failures() {
  make_file("script", "#! /no/such/shell -x\n", 0755);
  make_file("data", "\1\2\3\4", 0755);
  make_file("endless", "#!/endless\n", 0755);
  test_bare({"true"}, "true", Stage::executing, FailureKind::operation, "");
  test_bare({"/script"}, "/script", Stage::failed, FailureKind::interpreter, "/script: interpreter /no/such/shell");
  test_bare({"/data"}, "/data", Stage::failed, FailureKind::format, "/data");
  test_bare({"/endless"}, "/endless", Stage::failed, FailureKind::execve, "/endless");
}

// A plan whose init program is `fill` and which must fail there.
template <class Fill> void test_failure(const char *what, uint32_t index, int step, int err, const char *detail, Fill fill) {
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  fill(init);
  Start start(stager, init);
  bool right = start.fails() && start.message.program == static_cast<uint16_t>(ProgramName::init) &&
               start.message.index == index && start.message.step == step && start.message.err == err &&
               strstr(start.message.detail, detail) != nullptr;
  if (!CHECK(right)) {
    printf("%s: ", what);
    start.tell();
  }
}

void test_failures() {
  test_failure("option", 1, step::mount_fs::option, EINVAL, "tmpfs: Unknown parameter 'siez'",
               [](ProgramWriter &init) { fs_op(init, "tmpfs", "/dev", false, "siez", "1"); });
  test_failure("type", 1, step::mount_fs::fsopen, ENODEV, "nosuchfs",
               [](ProgramWriter &init) { fs_op(init, "nosuchfs", "/dev"); });
  char name[256];
  snprintf(name, sizeof name, "%s/proclink", rootfs);
  CHECK(symlink("/tmp", name) == 0);
  test_failure("proc on a link", 1, step::mount_fs::target, ENOTDIR, "/proclink",
               [](ProgramWriter &init) { fs_op(init, "proc", "/proclink", true); });
  test_failure("bind without source", 1, step::mount_bind::source, ENOENT, "/no/such",
               [](ProgramWriter &init) { bind_op(init, "/no/such", "/x"); });
  snprintf(name, sizeof name, "%s/intoproc", rootfs);
  CHECK(symlink("/proc/sys", name) == 0);
  test_failure("into procfs", 2, step::mount_bind::target, EPERM, "leads into procfs", [](ProgramWriter &init) {
    fs_op(init, "proc", "/proc", true);
    bind_op(init, "/usr", "/intoproc");
  });
  test_failure("other node", 1, step::device_node::verify, EEXIST, "/etc/passwd",
               [](ProgramWriter &init) { device_op(init, "/etc/passwd", 3); });
  test_failure("directory as program", 2, step::program_find::directory, EISDIR, "/etc", [](ProgramWriter &init) {
    pivot_op(init);
    find_op(init, "/etc");
  });
  test_failure("no program", 2, step::program_find::find, ENOENT, "nothing", [](ProgramWriter &init) {
    pivot_op(init);
    find_op(init, "nothing");
  });
  test_failure("not executable", 2, step::program_find::access, EACCES, "/etc/passwd", [](ProgramWriter &init) {
    pivot_op(init);
    find_op(init, "/etc/passwd");
  });
  test_failure("no program.run", 2, 0, EPROTO, "does not end", [](ProgramWriter &init) { pivot_op(init); });
}

// Hooks and preserved descriptors; a FIFO as passwd must not hold us up.
void test_hooks() {
  char name[256];
  snprintf(name, sizeof name, "%s/etc/passwd", rootfs);
  unlink(name);
  mkfifo(name, 0666);
  auto hook = [](ProgramWriter &init, const char *script, uint32_t timeout) {
    init.op(code::hook_run, [&](Writer &to) {
      to.u8(2).u32(0).str("/bin/sh").strs({"sh", "-c", script}).strs({"X=y"}).u32(timeout).none();
      to.u32(3).u8(0).str("state ").u8(1 + static_cast<uint8_t>(Hole::id)).u8(1 + static_cast<uint8_t>(Hole::pid)).u8(0);
    });
  };
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  host_programs(init);
  fs_op(init, "proc", "/proc", true);
  hook(init, "cat > /tmp/hook-out; env >> /tmp/hook-out; ls /proc/self/fd | wc -l >> /tmp/hook-out", 5);
  hook(init, "exit 0 # reads nothing", 0);
  pivot_op(init);
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, "sh");
  run_ops(init, {"sh", "-c", "echo $HOME; ls /proc/self/fd; readlink /proc/self/fd/3 /proc/self/fd/4"}, 2);
  {
    Start start(stager, init, 2);
    if (!CHECK(start.reach_created())) return;
    start.release();
    CHECK(start.finish() == 0);
    CHECK(says(start, "/\n0\n1\n2\n3\n4\n5\n/dev/null\n/dev/null\n"));
  }
  struct {
    const char *script;
    uint32_t timeout;
    int step, err;
    const char *words;
  } bad[] = {
      {"echo oh no >&2; exit 3", 0, step::hook_run::exit, 3, "oh no"},
      {"kill -9 $$", 0, step::hook_run::signal, 9, ""},
      {"echo slow; sleep 60 & sleep 60", 1, step::hook_run::timeout, ETIMEDOUT, "slow"},
  };
  for (auto &one : bad) {
    test_failure(one.script, 1, one.step, one.err, one.words,
                 [&](ProgramWriter &failing) { hook(failing, one.script, one.timeout); });
  }
}

// A file that is no sealed memfd, and bytes that are no plan.
void test_refusals() {
  ProgramWriter stager, init;
  clone_op(stager);
  int sealed = program;
  program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  close(program);
  program = sealed;
  init.op(999);
  Start start(stager, init);
  CHECK(start.fails() && start.message.err == EBADMSG && start.message.index == UINT32_MAX);
}

} // namespace

int main(int count, char **arguments) {
  char path[4096] = "";
  ssize_t size = readlink("/proc/self/exe", path, sizeof path - 32);
  char *slash = size > 0 ? strrchr(path, '/') : nullptr;
  if (slash) strcpy(slash, "/../init");
  program = load_program(count > 1 ? arguments[1] : path);
  if (geteuid() != 0 || program < 0) {
    printf("skipped: needs root and the built init program\n");
    return 0;
  }
  if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 || !mkdtemp(top)) return 2;
  if (mount("tmpfs", top, "tmpfs", 0, nullptr) < 0) return 2;
  snprintf(rootfs, sizeof rootfs, "%s/rootfs", top);
  char name[256];
  umask(022);
  mkdir(rootfs, 0755);
  for (const char *directory : {"etc", "copied", "copied/sub", "dev", "tmp"}) {
    snprintf(name, sizeof name, "%s/%s", rootfs, directory);
    mkdir(name, 0755);
  }
  make_file("copied/file", "content", 0640);
  make_file("etc/passwd", "", 0644);
  alarm(60);
  test_container();
  test_execve_failures();
  test_failures();
  test_hooks();
  test_refusals();
  umount2(top, MNT_DETACH);
  rmdir(top);
  return test::failures == 0 ? 0 : 1;
}

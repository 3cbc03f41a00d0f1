// Starts the built init program as the launcher does and hands it a plan written by hand.
#pragma once
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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
#include "channel/message.h"
#include "record/record.h"
#include "plan_writer.h"

namespace veloci::test {

inline char top[] = "/tmp/veloci-stager-XXXXXX";
inline char rootfs[64];
inline int program = -1;
// The same program as an ordinary file.
inline int unsealed = -1;
// Filter that the next starts run under: takes system calls away that an older kernel or a strict host lacks.
inline sock_fprog *restriction = nullptr;

inline int load_program(const char *path) {
  Fd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return -1;
  int memory = sys::memfd_create("init", sys::memfd_cloexec | sys::memfd_allow_sealing | sys::memfd_exec);
  char bytes[65536];
  ssize_t size;
  while ((size = ::read(file.get(), bytes, sizeof bytes)) > 0) write_all(memory, bytes, static_cast<size_t>(size));
  fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return memory;
}

// One start: what the launcher would hold.
class Start {
public:
  Start(const ProgramWriter &stager, const ProgramWriter &init, uint32_t preserved = 0) : preserved_(preserved) {
    write_plan(plan_, stager, init);
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
  // What the stager may ask for before it goes on: descriptors in these slots.
  void send_fd(uint8_t slot, int fd) {
    MessageHeader header;
    header.type = static_cast<uint8_t>(MessageType::fd);
    header.point = slot;
    CHECK(send_message(socket_.get(), header, {}, fd));
  }
  // The next message that is neither the pid, nor a descriptor, nor the wish for id maps; false at the end.
  bool next() {
    for (;;) {
      Fd fd;
      if (receive_message(socket_.get(), message, fd) != Received::message) return false;
      if (message.kind() == MessageType::fd && fd.valid()) {
        received = static_cast<Fd &&>(fd);
        continue;
      }
      bool unshared =
          message.kind() == MessageType::sync && message.point == static_cast<uint8_t>(Point::user_namespace);
      if (unshared) {
        map_ids();
        continue;
      }
      if (message.kind() != MessageType::pid) return true;
      init = message.pid;
      CHECK(fd.valid());
    }
  }
  bool reach_created() {
    send_programs();
    return await_created();
  }
  bool await_created() {
    bool reached = next() && message.kind() == MessageType::sync && record_stage(*record) == Stage::created;
    if (!reached) print_failure();
    return reached;
  }
  bool fails() {
    send_programs();
    return next() && message.kind() == MessageType::fail;
  }
  void print_failure() const {
    uint32_t index = message.index;
    printf("failed: program %u operation %u step %d: %s: %s\n", message.program, index, message.step,
           strerror(message.err), message.detail);
  }
  void release() {
    Fd fifo(open(fifo_name_, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK(::write(fifo.get(), "1", 1) == 1);
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
  // The last descriptor that came.
  Fd received;

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
    if (restriction && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, restriction) < 0) _exit(125);
    char name[] = "init";
    char *argv[] = {name, nullptr}, *envp[] = {nullptr};
    sys::execveat(ours[4], "", argv, envp, static_cast<int>(sys::at_empty_path));
    _exit(126);
  }

  // Maps 0 to 65535 of the stager's user namespace to 100000 and up.
  void map_ids() {
    for (const char *file : {"uid_map", "gid_map"}) {
      char name[64];
      snprintf(name, sizeof name, "/proc/%d/%s", stager_, file);
      Fd map(open(name, O_WRONLY | O_CLOEXEC));
      CHECK(write_all(map.get(), "0 100000 65536", 14));
    }
    MessageHeader header;
    header.type = static_cast<uint8_t>(MessageType::sync);
    header.point = static_cast<uint8_t>(Point::ids_mapped);
    CHECK(send_message(socket_.get(), header));
  }

  Writer plan_;
  uint32_t preserved_;
  Fd socket_;
  int memory_, pipe_[2];
  pid_t stager_;
  char fifo_name_[64];
};

constexpr uint32_t namespaces = sys::clone_newns | sys::clone_newpid | CLONE_NEWUTS | CLONE_NEWIPC | sys::clone_newnet;

inline void clone_op(ProgramWriter &out, uint32_t types = namespaces) {
  out.op(code::process_clone, [&](Writer &to) { to.u32(types).none().u32(0); });
}
inline void fs_op(ProgramWriter &out, const char *type, const char *target, bool directory = false,
                  const char *key = nullptr, const char *value = nullptr, bool copy = false, uint32_t attr = 0) {
  out.op(code::mount_fs, [&](Writer &to) {
    to.str(type).some(type).u32(key ? 1 : 0);
    if (key) {
      to.str(key);
      if (value)
        to.some(value);
      else
        to.none();
    }
    to.u32(attr).u8(0).str(target).u8(directory).u8(0).u8(copy).none().none();
  });
}
inline void bind_op(ProgramWriter &out, const char *source, const char *target, uint32_t set = 0) {
  out.op(code::mount_bind, [&](Writer &to) {
    to.some(source).none().u8(1).u32(set).u32(0).u32(0).u32(0).u32(0).u32(0).u8(0).u32(0).str(target).none().u8(0);
  });
}
inline void path_op(ProgramWriter &out, uint16_t code, const char *path) {
  out.op(code, [&](Writer &to) { to.str(path); });
}
inline void root_op(ProgramWriter &out) {
  out.op(code::root_open, [&](Writer &to) { to.str(rootfs).u8(4).u8(1); });
}
inline void device_op(ProgramWriter &out, const char *path, uint32_t minor) {
  out.op(code::device_node, [&](Writer &to) { to.str(path).u8(0).u32(1).u32(minor).u32(0666).u32(0).u32(0); });
}
inline void host_programs(ProgramWriter &out) {
  for (const char *path : {"/usr", "/lib", "/lib64", "/bin"}) bind_op(out, path, path, 1);
}
inline void pivot_op(ProgramWriter &out) {
  out.op(code::root_pivot, [](Writer &to) { to.u8(0).u8(0).u8(0); });
}
inline void cwd_op(ProgramWriter &out, const char *path) {
  out.op(code::cwd_enter, [&](Writer &to) { to.str(path).u8(1).u8(0); });
}
inline void env_op(ProgramWriter &out, uint32_t uid) {
  out.op(code::process_env, [&](Writer &to) { to.strs({"PATH=/bin:/usr/bin", "HOME=", "A=b c"}).u8(1).u32(uid); });
}
inline void find_op(ProgramWriter &out, const char *name) {
  out.op(code::program_find, [&](Writer &to) { to.str(name).str("/nowhere:/bin:/usr/bin"); });
}
inline void run_ops(ProgramWriter &out, std::initializer_list<const char *> args, uint32_t preserve = 0) {
  out.op(code::start_wait);
  out.op(code::program_run, [&](Writer &to) { to.strs(args).u32(preserve).u8(1); });
}

inline int make_file(const char *path, const char *content, mode_t mode) {
  char name[256];
  snprintf(name, sizeof name, "%s/%s", rootfs, path);
  unlink(name);
  Fd file(open(name, O_CREAT | O_WRONLY | O_TRUNC, mode));
  fchmod(file.get(), mode);
  return write_all(file.get(), content, strlen(content)) ? 0 : -1;
}

inline bool printed(const Start &start, const char *what) {
  bool found = strstr(start.output.c_str(), what) != nullptr;
  if (!found) printf("output lacks \"%s\":\n%s\n", what, start.output.c_str());
  return found;
}

// Kilobytes of memory that only the created init causes.
inline long proportional_size(pid_t pid) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/smaps_rollup", pid);
  Fd file(open(name, O_RDONLY | O_CLOEXEC));
  TextOf<4096> text;
  if (!file.valid() || !read_small(file.get(), text)) return -1;
  const char *line = strstr(text.c_str(), "\nPss:");
  return line ? atol(line + 5) : -1;
}

// Loads the built init program and prepares a root file system in a mount namespace of this process. False = skip.
inline bool prepare(int count, char **arguments) {
  char path[4096] = "";
  ssize_t size = readlink("/proc/self/exe", path, sizeof path - 64);
  char *slash = size > 0 ? strrchr(path, '/') : nullptr;
  if (slash) strcpy(slash, "/../../../../release/native/programs/init");
  const char *built = count > 1 ? arguments[1] : path;
  program = load_program(built);
  unsealed = open(built, O_RDONLY | O_CLOEXEC);
  if (geteuid() != 0 || program < 0) {
    printf("skipped: needs root and the built init program\n");
    return false;
  }
  if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) abort();
  if (!mkdtemp(top) || mount("tmpfs", top, "tmpfs", 0, nullptr) < 0) abort();
  snprintf(rootfs, sizeof rootfs, "%s/rootfs", top);
  umask(022);
  mkdir(rootfs, 0755);
  char name[256];
  for (const char *directory : {"etc", "copied", "copied/sub", "dev", "tmp"}) {
    snprintf(name, sizeof name, "%s/%s", rootfs, directory);
    mkdir(name, 0755);
  }
  make_file("copied/file", "content", 0640);
  make_file("etc/passwd", "", 0644);
  alarm(60);
  return true;
}

inline int finish_tests() {
  umount2(top, MNT_DETACH);
  rmdir(top);
  return failures == 0 ? 0 : 1;
}

} // namespace veloci::test

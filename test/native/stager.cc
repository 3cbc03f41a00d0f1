// Starts the built init program as the launcher does, hands it plans written by hand, and looks at the container that
// comes of it. Needs root and the init program of the release tree; works in a mount namespace of its own.
#include <sys/mount.h>
#include <sys/stat.h>

#include "start.h"

using namespace veloci;
using namespace veloci::test;

namespace {

void test_container() {
  ProgramWriter stager, init;
  clone_op(stager);
  init.op(code::session_new, [](Writer &to) { to.u8(1).u32(1).u8(0).str("_ses.test"); });
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  fs_op(init, "tmpfs", "/dev", false, "mode", "755");
  host_programs(init);
  for (uint32_t minor : {3u, 5u, 8u, 9u}) {
    device_op(init,
              minor == 3   ? "/dev/null"
              : minor == 5 ? "/dev/zero"
              : minor == 8 ? "/dev/random"
                           : "/dev/urandom",
              minor);
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
  path_op(init, code::path_directory, "/made/deep/er");
  init.op(code::mount_attr, [](Writer &to) { to.str("/").u32(1).u32(0).u32(0).u8(0).u8(0); });
  env_op(init, 1234);
  cwd_op(init, "/made/deep/er");
  init.op(code::caps_bound, [](Writer &to) { to.u64(0x20); });
  init.op(code::ids_set, [](Writer &to) { to.u32(1234).u32(56).u32(2).u32(7).u32(8).u8(1).u8(1).u32(027); });
  init.op(code::caps_set, [](Writer &to) { to.u64(0x20).u64(0x20).u64(0x20).u64(0x20); });
  init.op(code::privileges_none);
  find_op(init, "sh");
  run_ops(
      init,
      {"sh", "-c",
       "id -u; id -g; id -G; pwd; umask; hostname; echo home=$HOME a=$A listen=$LISTEN_PID; ls /proc/self/fd | wc -l;"
       "cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj /proc/sys/kernel/domainname; ulimit -Sn;"
       "grep -E 'Cap|NoNewPrivs' /proc/self/status; cat /proc/version | wc -c; ls /proc/acpi | wc -l;"
       "ls -l /copied/ | sed 1d; grep ' / / ' /proc/self/mountinfo; test -e /proc/timer_list && wc -c < "
       "/proc/timer_list;"
       "touch /x 2>&1; echo 1 2>/dev/null > /proc/sys/net/ipv4/ip_forward || echo sys-ro; ls -d /tmp/veloci-stager* "
       "2>&1;"
       "cat /sys/class/net/lo/flags; exit 7"});
  make_file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbad:x:12345:1:x:/bad:/\nme:x:1234:56:Me:/home/me:/bin/sh",
            0644);
  Start start(stager, init);
  if (!CHECK(start.reach_created())) return;
  CHECK(!start.next());
  usleep(20000); // it gives memory back after it has told us
  long size = proportional_size(start.init);
  CHECK(size > 0 && size < 150);
  printf("created: %ld KB\n", size);
  start.release();
  CHECK(start.finish() == 7);
  CHECK(record_stage(*start.record) == Stage::executing);
  CHECK(start.record->stamp_count == stager.count() + init.count() - 1);
  CHECK(printed(start,
                "1234\n56\n56 7 8\n/made/deep/er\n0027\ninside\nhome=/home/me a=b c listen=1\n4\n1\n77\ndomain\n99\n"));
  CHECK(printed(start, "CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020\n"
                       "CapBnd:\t0000000000000020\nCapAmb:\t0000000000000020\nNoNewPrivs:\t1\n0\n0\n"));
  CHECK(printed(start, "sys-ro\n"));
  CHECK(printed(start, "touch: "));
}

void test_bare(std::initializer_list<const char *> args, const char *name, Stage stage, FailureKind kind,
               const char *detail) {
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
  bool right = record_stage(*start.record) == stage &&
               (stage != Stage::failed || start.record->failure.kind == static_cast<uint32_t>(kind));
  if (!CHECK(right && strstr(start.record->failure.detail, detail))) {
    printf("%s: stage %u kind %u: %s\n", name, start.record->stage, start.record->failure.kind,
           start.record->failure.detail);
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
template <class Fill>
void test_failure(const char *what, uint32_t index, int step, int err, const char *detail, Fill fill) {
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
    start.print_failure();
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
      to.u8(2).u32(0).str("/bin/sh").strs({"sh", "-c", script}).strs({"X=y"}).u8(0).u32(timeout).none();
      to.u32(3)
          .u8(0)
          .str("state ")
          .u8(1 + static_cast<uint8_t>(Hole::id))
          .u8(1 + static_cast<uint8_t>(Hole::pid))
          .none()
          .none()
          .u8(0)
          .u32(0);
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
    CHECK(printed(start, "/\n0\n1\n2\n3\n4\n5\n/dev/null\n/dev/null\n"));
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
  program = unsealed;
  {
    Start start(stager, init);
    CHECK(start.next() && start.message.kind() == MessageType::fail && start.message.err == EPERM);
    CHECK(strstr(start.message.detail, "sealed"));
  }
  program = sealed;
  init.op(999);
  Start start(stager, init);
  CHECK(start.fails() && start.message.err == EBADMSG && start.message.index == UINT32_MAX);
}

// Symbolic links of the root file system that lead out of it.
void test_traps() {
  char name[256], outside[64];
  snprintf(outside, sizeof outside, "%s/outside", top);
  mkdir(outside, 0755);
  snprintf(name, sizeof name, "%s/absolute", rootfs);
  CHECK(symlink(outside, name) == 0);
  snprintf(name, sizeof name, "%s/relative", rootfs);
  CHECK(symlink("../../../outside", name) == 0);
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  device_op(init, "/absolute/null", 3);
  init.op(code::path_symlink, [](Writer &to) { to.str("/relative/link").str("x").u8(0); });
  bind_op(init, "/usr", "/absolute/bound");
  fs_op(init, "tmpfs", "/relative/tmpfs");
  bind_op(init, "/etc/hostname", "/relative/file");
  path_op(init, code::path_mask, "/absolute/bound");
  path_op(init, code::path_readonly, "/absolute");
  init.op(code::console_open, [](Writer &to) { to.u8(1).u8(1).u32(0).u32(0).u32(0); });
  Start start(stager, init);
  // The last one fails, for there is no devpts; until then everything has been made, in the root.
  CHECK(start.fails() && start.message.index == 8);
  CHECK(rmdir(outside) == 0);
  snprintf(name, sizeof name, "%s%s/null", rootfs, outside);
  struct stat status;
  CHECK(stat(name, &status) == 0 && S_ISCHR(status.st_mode));
  snprintf(name, sizeof name, "%s/outside/link", rootfs);
  CHECK(lstat(name, &status) == 0 && S_ISLNK(status.st_mode));
}

} // namespace

int main(int count, char **arguments) {
  if (!prepare(count, arguments)) return 0;
  test_container();
  test_execve_failures();
  test_failures();
  test_hooks();
  test_refusals();
  test_traps();
  return finish_tests();
}

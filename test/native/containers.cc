// Containers with a user namespace, a terminal, a filter, and a second process that enters: the less common paths of
// the stager and init. Needs root and the init program of the release tree; works in a mount namespace of its own.
#include <initializer_list>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "start.h"

using namespace veloci;
using namespace veloci::test;

namespace {

void user_ops(ProgramWriter &stager) {
  stager.op(code::namespace_unshare, [](Writer &to) { to.u32(sys::clone_newuser); });
  stager.op(code::sync_signal, [](Writer &to) { to.u8(static_cast<uint8_t>(Point::user_namespace)); });
  stager.op(code::sync_await, [](Writer &to) { to.u8(static_cast<uint8_t>(Point::ids_mapped)); });
  stager.op(code::ids_root, [](Writer &to) { to.u8(1); });
}

void test_user_namespace() {
  char name[256];
  snprintf(name, sizeof name, "%s/locked", top);
  mkdir(name, 0755);
  CHECK(mount("tmpfs", name, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, nullptr) == 0);
  CHECK(chown(rootfs, 100000, 100000) == 0);
  ProgramWriter stager, init;
  stager.op(code::oom_score, [](Writer &to) { to.u32(55); });
  user_ops(stager);
  clone_op(stager);
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  fs_op(init, "tmpfs", "/dev", false, "mode", "755");
  bind_op(init, "/dev/null", "/dev/null");
  host_programs(init);
  // Clears what is locked, and sets read-only: the locked attributes stay.
  init.op(code::mount_bind, [&](Writer &to) {
    to.some(name).none().u8(1).u32(1).u32(sys::attr_nosuid | sys::attr_nodev | sys::attr_noexec | sys::attr_atime);
    to.u32(0).u32(0x2000ff).u32(0).u32(0).u8(0).u32(0).str("/locked").none().u8(0);
  });
  // mknod is refused here; the alternative is a bind mount.
  init.op(code::alt, [](Writer &to) {
    Writer node, bind;
    node.str("/dev/zero").u8(0).u32(1).u32(5).u32(0666).u32(0).u32(0);
    bind.some("/dev/zero")
        .none()
        .u8(0)
        .u32(0)
        .u32(0)
        .u32(0)
        .u32(0)
        .u32(0)
        .u32(0)
        .u8(0)
        .u32(0)
        .str("/dev/zero")
        .none()
        .u8(0);
    to.u16(code::device_node).u16(0).u32(static_cast<uint32_t>(node.size())).raw(node.data(), node.size());
    to.u32(1).u32(EPERM).u8(1);
    to.u16(code::mount_bind).u16(0).u32(static_cast<uint32_t>(bind.size())).raw(bind.data(), bind.size());
  });
  path_op(init, code::path_mask, "/proc/version");
  path_op(init, code::path_mask, "/proc/acpi");
  pivot_op(init);
  init.op(code::sysctl_write, [](Writer &to) { to.str("net/ipv4/ip_forward").str("1"); });
  path_op(init, code::path_readonly, "/proc/sys");
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, "sh");
  run_ops(init, {"sh", "-c",
                 "id -u; cat /proc/self/uid_map; grep ' /locked ' /proc/self/mountinfo; head -c 3 /dev/zero | wc -c;"
                 "cat /proc/version | wc -c; cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj"});
  Start start(stager, init);
  if (!CHECK(start.reach_created())) return;
  start.release();
  CHECK(start.finish() == 0);
  CHECK(printed(start, "0\n         0     100000      65536\n"));
  CHECK(printed(start, " /locked ro,nosuid,nodev,noexec,noatime "));
  CHECK(printed(start, "\n3\n0\n1\n55\n"));
  CHECK(chown(rootfs, 0, 0) == 0);
}

void test_terminal() {
  ProgramWriter stager, init;
  clone_op(stager);
  init.op(code::session_new, [](Writer &to) { to.none(); });
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  fs_op(init, "tmpfs", "/dev", false, "mode", "755");
  fs_op(init, "devpts", "/dev/pts", false, "newinstance");
  init.op(code::device_node, [](Writer &to) { to.str("/dev/tty").u8(0).u32(5).u32(0).u32(0666).u32(0).u32(0); });
  host_programs(init);
  init.op(code::console_open, [](Writer &to) { to.u8(4).u8(1).u32(33).u32(99).u32(77); });
  init.op(code::fd_send, [](Writer &to) { to.u8(4); });
  pivot_op(init);
  env_op(init, 0);
  init.op(code::cwd_enter, [&](Writer &to) { to.str("/").u8(1).u8(0); });
  find_op(init, "sh");
  run_ops(init, {"sh", "-c",
                 "tty; stty size; stat -c %u/%t /dev/console; test -t 2 && echo yes; echo ctty > /dev/tty; ls "
                 "/proc/self/fd | wc -l"});
  Start start(stager, init);
  if (!CHECK(start.reach_created() && start.received.valid())) return;
  start.release();
  CHECK(start.finish() == 0);
  char seen[512];
  ssize_t size = ::read(start.received.get(), seen, sizeof seen - 1);
  seen[size > 0 ? size : 0] = 0;
  if (!CHECK(strstr(seen, "/dev/pts/0\r\n33 99\r\n77/88\r\nyes\r\nctty\r\n4\r\n"))) printf("terminal: %s\n", seen);
}

// A filter that answers getppid(2) with an error, from a file that is closed long before it is loaded.
void test_filter() {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setpriority, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOANO),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  Fd file(sys::memfd_create("filter", sys::memfd_cloexec));
  CHECK(write_all(file.get(), instructions, sizeof instructions));
  ProgramWriter stager, init;
  stager.op(code::fd_receive, [](Writer &to) { to.u8(9); });
  clone_op(stager);
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  host_programs(init);
  pivot_op(init);
  env_op(init, 0);
  cwd_op(init, "/");
  init.op(code::privileges_none);
  find_op(init, "sh");
  init.op(code::start_wait);
  init.op(code::seccomp_load, [](Writer &to) { to.u8(9).u32(0).u8(0).none().none().u8(0); });
  init.op(code::program_run, [](Writer &to) {
    to.strs({"sh", "-c", "nice -n 1 true; grep Seccomp: /proc/self/status"}).u32(1).u8(0);
  });
  Start start(stager, init, 1);
  start.send_programs();
  start.send_fd(9, file.get());
  if (!CHECK(start.await_created())) return;
  start.release();
  CHECK(start.finish() == 0);
  CHECK(printed(start, "No anode") && printed(start, "Seccomp:\t2"));
}

// exec: enters the namespaces of a container that waits, by its pidfd.
void test_enter() {
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  host_programs(init);
  pivot_op(init);
  init.op(code::hostname_set, [](Writer &to) { to.some("entered").none(); });
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, "sleep");
  run_ops(init, {"sleep", "50"});
  Start container(stager, init);
  if (!CHECK(container.reach_created())) return;
  container.release();
  Fd pidfd(sys::pidfd_open(container.init, 0));
  ProgramWriter joining, entering;
  clone_op(joining, 0);
  entering.op(code::fd_receive, [](Writer &to) { to.u8(0); });
  entering.op(code::namespace_enter, [](Writer &to) { to.u8(0).u32(namespaces); });
  env_op(entering, 0);
  entering.op(code::cwd_enter, [](Writer &to) { to.str("/etc").u8(0).u8(0); });
  find_op(entering, "sh");
  entering.op(code::process_enter);
  entering.op(code::program_run, [](Writer &to) {
    to.strs({"sh", "-c", "hostname; pwd; cat /proc/1/comm; ls /proc/self/fd | wc -l"}).u32(0).u8(0);
  });
  Start second(joining, entering);
  second.send_programs();
  second.send_fd(0, pidfd.get());
  CHECK(!second.next() && record_stage(*second.record) == Stage::executing);
  CHECK(second.finish() == 0);
  CHECK(printed(second, "entered\n/etc\nsleep\n4\n"));
}

// Linux 5.10 and a host whose filter refuses clone3(2): no mount_setattr, no CLOSE_RANGE_CLOEXEC.
void test_old_kernel() {
  constexpr uint32_t number = 0, third_argument = 32;
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 435, 5, 0), // clone3
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 442, 4, 0), // mount_setattr
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 436, 0, 2), // close_range
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third_argument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sys::close_range_cloexec, 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
  };
  sock_fprog filter = {sizeof instructions / sizeof instructions[0], instructions};
  char name[256];
  snprintf(name, sizeof name, "%s/bound", top);
  mkdir(name, 0755);
  CHECK(mount("tmpfs", name, "tmpfs", MS_NODIRATIME | MS_NOSUID, nullptr) == 0);
  ProgramWriter stager, init;
  clone_op(stager);
  root_op(init);
  fs_op(init, "proc", "/proc", true);
  host_programs(init);
  init.op(code::mount_bind, [&](Writer &to) {
    to.some(name).none().u8(0).u32(sys::attr_rdonly | sys::attr_noexec | sys::attr_noatime).u32(sys::attr_nosuid);
    to.u32(0).u32(0).u32(0).u32(0).u8(static_cast<uint8_t>(Propagation::rslave)).u32(0).str("/bound").none().u8(0);
  });
  path_op(init, code::path_readonly, "/proc/sys");
  pivot_op(init);
  init.op(code::mount_attr,
          [](Writer &to) { to.str("/").u32(1).u32(0).u32(0).u8(0).u8(static_cast<uint8_t>(Propagation::shared)); });
  init.op(code::sysctl_write, [](Writer &to) { to.str("net/ipv4/ip_forward").str("1"); });
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, "sh");
  run_ops(init,
          {"sh", "-c",
           "grep -E ' (/|/bound|/proc/sys) ' /proc/self/mountinfo; cat /proc/sys/net/ipv4/ip_forward; ls /proc/self/fd "
           "| wc -l"},
          2);
  restriction = &filter;
  Start start(stager, init, 2);
  restriction = nullptr;
  if (!CHECK(start.reach_created())) return;
  start.release();
  CHECK(start.finish() == 0);
  CHECK(printed(start, " /bound ro,noexec,noatime,nodiratime "));
  CHECK(printed(start, " /proc/sys ro"));
  CHECK(printed(start, "/rootfs / ro"));
  CHECK(printed(start, "\n1\n6\n"));
}

// A user namespace whose /proc is not all visible: no procfs can be mounted there; the host's is used by descriptor.
void test_covered_proc() {
  CHECK(mount("/dev/null", "/proc/uptime", nullptr, MS_BIND, nullptr) == 0);
  CHECK(chown(rootfs, 100000, 100000) == 0);
  ProgramWriter stager, init;
  user_ops(stager);
  clone_op(stager);
  root_op(init);
  init.op(code::alt, [](Writer &to) {
    Writer mounted, bind;
    mounted.str("proc").some("proc").u32(0).u32(0).u8(0).str("/proc").u8(1).u8(0).u8(0).none().none();
    bind.some("/proc").none().u8(1).u32(0).u32(0).u32(0).u32(0).u32(0).u32(0).u8(0).u32(0).str("/proc").none().u8(0);
    to.u16(code::mount_fs).u16(0).u32(static_cast<uint32_t>(mounted.size())).raw(mounted.data(), mounted.size());
    to.u32(1).u32(EPERM).u8(1);
    to.u16(code::mount_bind).u16(0).u32(static_cast<uint32_t>(bind.size())).raw(bind.data(), bind.size());
  });
  host_programs(init);
  pivot_op(init);
  init.op(code::sysctl_write, [](Writer &to) { to.str("net/ipv4/ip_forward").str("1"); });
  env_op(init, 0);
  cwd_op(init, "/");
  find_op(init, "sh");
  run_ops(init, {"sh", "-c", "cat /proc/sys/net/ipv4/ip_forward; cat /proc/uptime | wc -c"});
  Start start(stager, init);
  if (!CHECK(start.reach_created())) return;
  start.release();
  CHECK(start.finish() == 0);
  CHECK(printed(start, "1\n0\n"));
  CHECK(umount2("/proc/uptime", MNT_DETACH) == 0 && chown(rootfs, 0, 0) == 0);
}

} // namespace

int main(int count, char **arguments) {
  if (!prepare(count, arguments)) return 0;
  test_user_namespace();
  test_terminal();
  test_filter();
  test_enter();
  test_old_kernel();
  test_covered_proc();
  return finish_tests();
}

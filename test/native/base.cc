// Paths in a hostile root, text, procfs and cgroupfs of our own. The part that needs root runs in a mount namespace
// of its own.
#include <fcntl.h>
#include <initializer_list>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroupfs.h"
#include "base/io.h"
#include "base/packet.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "check.h"

using namespace veloci;

namespace {

char top[] = "/tmp/veloci-base-XXXXXX";

bool exists(int dir, const char *path) {
  struct stat status;
  return fstatat(dir, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int make(int root, const char *path, Missing kind) {
  errno = 0;
  int fd = make_in_root(root, Str::of(path), kind, 0755);
  if (fd >= 0) close(fd);
  return fd >= 0 ? 0 : errno;
}

bool same(int a, int b) {
  struct stat one, two;
  return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

// The lowest number that is free: no descriptor is lost when it stays the same.
int next_free() {
  Fd probe(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return probe.get();
}

// Sends `bytes` zeros with so many descriptors, and receives them into ten bytes.
ssize_t pass(size_t bytes, unsigned descriptors, Fd &received) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return -2;
  Fd ours(pair[0]), theirs(pair[1]);
  char zeros[32] = {}, buffer[10];
  iovec part = {zeros, bytes};
  if (descriptors <= 1) {
    if (send_packet(theirs.get(), &part, 1, descriptors == 0 ? -1 : ours.get()) != static_cast<ssize_t>(bytes))
      return -2;
  } else {
    union {
      cmsghdr align;
      char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
    for (unsigned i = 0; i < descriptors; i++) memcpy(CMSG_DATA(header) + i * sizeof(int), &pair[0], sizeof(int));
    if (sendmsg(theirs.get(), &message, 0) < 0) return -2;
  }
  iovec room = {buffer, sizeof buffer};
  errno = 0;
  return receive_packet(ours.get(), &room, 1, received);
}

void test_packets() {
  int free = next_free();
  Fd received;
  CHECK(pass(5, 0, received) == 5 && !received.valid());
  CHECK(pass(5, 1, received) == 5 && received.valid() && (fcntl(received.get(), F_GETFD) & FD_CLOEXEC) != 0);
  // One that came before does not stay.
  CHECK(pass(5, 0, received) == 5 && !received.valid());
  for (unsigned descriptors : {2U, 3U}) {
    CHECK(pass(5, descriptors, received) == -1 && errno == EBADMSG && !received.valid());
  }
  CHECK(pass(11, 1, received) == -1 && errno == EBADMSG && !received.valid());
  CHECK(next_free() == free);
}

void test_text() {
  TextOf<8> small;
  small.add("1234567");
  CHECK(small.complete());
  small.add("8");
  CHECK(!small.complete() && small.size() == 7 && strcmp(small.c_str(), "1234567") == 0);
  TextOf<200> text;
  text.add_number(0).add_char(' ').add_number(UINT64_MAX).add_char(' ').add_signed(INT64_MIN).add_char(' ');
  text.add_octal(0644).add_char(' ').add_number(7, 3);
  CHECK(strcmp(text.c_str(), "0 18446744073709551615 -9223372036854775808 644 007") == 0);
  text.clear();
  text.add_time(0).add_char(' ').add_time(951782400123456789u).add_char(' ').add_time(1767225599999999999u);
  CHECK(strcmp(text.c_str(), "1970-01-01T00:00:00.000000000Z 2000-02-29T00:00:00.123456789Z "
                             "2025-12-31T23:59:59.999999999Z") == 0);
  uint64_t number = 0;
  CHECK(parse_number(Str::of("4294967294"), 4294967294u, number) && number == 4294967294u);
  CHECK(!parse_number(Str::of("4294967295"), 4294967294u, number));
  CHECK(parse_number(Str::of("18446744073709551615"), UINT64_MAX, number) && number == UINT64_MAX);
  CHECK(!parse_number(Str::of("18446744073709551616"), UINT64_MAX, number));
  for (const char *bad : {"", "-1", "+1", " 1", "1 ", "0x1"}) CHECK(!parse_number(Str::of(bad), 100, number));
}

// root/ is the container's root, beside it lies outside/ that must never be reached.
void test_paths() {
  Fd base(open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  mkdirat(base.get(), "root", 0755);
  mkdirat(base.get(), "outside", 0755);
  Fd root_fd(openat(base.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd outside(openat(base.get(), "outside", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int root = root_fd.get();
  char absolute[sizeof top + 16];
  snprintf(absolute, sizeof absolute, "%s/outside", top);
  symlinkat(absolute, root, "absolute");
  symlinkat("../outside", root, "relative");
  symlinkat("../../../../../../etc", root, "up");
  symlinkat("loop", root, "loop");
  symlinkat("/run/deep/er", root, "dangling");
  symlinkat("/proc/self/root", root, "magic");
  symlinkat("file", root, "link-to-file");

  CHECK(make(root, "/a/b/c", Missing::directory) == 0 && exists(root, "a/b/c"));
  CHECK(make(root, "/a/b/c/", Missing::directory) == 0);
  CHECK(make(root, "a/./b", Missing::directory) == 0);
  CHECK(make(root, "/a/b/file", Missing::file) == 0 && exists(root, "a/b/file"));
  CHECK(make(root, "/a/b/file/x", Missing::file) == ENOTDIR);
  CHECK(make(root, "/a/b/file", Missing::directory) == ENOTDIR);
  CHECK(make(root, "/new/../../x", Missing::directory) == 0 && exists(root, "new") && exists(root, "x"));
  CHECK(make(root, "/", Missing::directory) == 0 && make(root, "", Missing::directory) == 0);
  CHECK(make(root, "/missing", Missing::error) == ENOENT);
  CHECK(make(root, "/loop/x", Missing::directory) == ELOOP);

  // Every way out ends in the root.
  CHECK(make(root, "/absolute/x", Missing::directory) == 0 && !exists(outside.get(), "x"));
  CHECK(make(root, "/relative/y", Missing::directory) == 0 && !exists(outside.get(), "y"));
  CHECK(exists(root, "outside/y"));
  CHECK(make(root, "/../../outside/z", Missing::directory) == 0 && exists(root, "outside/z"));
  CHECK(make(root, "/up/passwd", Missing::file) == 0 && exists(root, "etc/passwd"));
  CHECK(make(root, "/dangling/f", Missing::file) == 0 && exists(root, "run/deep/er/f"));
  CHECK(make(root, "/link-to-file", Missing::file) == 0 && exists(root, "file"));
  CHECK(make(root, "/magic/x", Missing::directory) == 0 && exists(root, "proc/self/root/x"));

  Name name;
  Fd parent(open_parent_in_root(root, Str::of("/dev/pts/ptmx/"), true, name));
  CHECK(parent.valid() && strcmp(name.text, "ptmx") == 0 && exists(root, "dev/pts") && !exists(root, "dev/pts/ptmx"));
  for (const char *bad : {"/", "", "..", "/a/..", "/a/."}) {
    CHECK(open_parent_in_root(root, Str::of(bad), true, name) == -1 && errno == EINVAL);
  }
  CHECK(open_parent_in_root(root, Str::of("/none/x"), false, name) == -1 && errno == ENOENT);
  Fd up(open_in_root(root, "../..", O_PATH));
  CHECK(up.valid() && same(up.get(), root));
  Fd link(open_in_root(root, "/loop", O_PATH | O_NOFOLLOW));
  CHECK(link.valid());
  char longer[300];
  memset(longer, 'n', sizeof longer - 1);
  longer[sizeof longer - 1] = 0;
  CHECK(make(root, longer, Missing::directory) == ENAMETOOLONG);
}

void test_procfs() {
  Fd whole(open_procfs(ProcfsPart::whole)), processes(open_procfs(ProcfsPart::processes));
  if (!CHECK(whole.valid() && processes.valid())) return;
  Fd status(open_in_procfs(processes.get(), "self/status", O_RDONLY));
  CHECK(status.valid());
  CHECK(open_in_procfs(processes.get(), "self/root/etc", O_RDONLY) == -1 && errno == ELOOP);
  CHECK(open_in_procfs(processes.get(), "self/fd/0", O_RDONLY) == -1 && errno == ELOOP);
  CHECK(open_in_procfs(processes.get(), "../etc", O_RDONLY) == -1);
  // What lies over /proc/self/status does not lie over ours.
  CHECK(mount("/dev/null", "/proc/self/status", nullptr, MS_BIND, nullptr) == 0);
  Fd again(open_in_procfs(processes.get(), "self/status", O_RDONLY));
  TextOf<4096> text;
  CHECK(again.valid() && read_small(again.get(), text) && strncmp(text.c_str(), "Name:", 5) == 0);
  CHECK(unshare(CLONE_NEWUTS) == 0);
  Fd name(open_in_procfs(whole.get(), "sys/kernel/domainname", O_WRONLY));
  CHECK(name.valid() && write_all(name.get(), "veloci.test", 11));
  CHECK(open_in_procfs(whole.get(), "sys/kernel/none", O_WRONLY) == -1 && errno == ENOENT);
}

void test_mounts() {
  Fd base(open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Fd root(openat(base.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd before(open_in_root(root.get(), "/a", O_PATH));
  char path[sizeof top + 16];
  snprintf(path, sizeof path, "%s/root/a", top);
  CHECK(mount("tmpfs", path, "tmpfs", 0, nullptr) == 0);
  Fd after(open_in_root(root.get(), "/a", O_PATH));
  CHECK(mount_id(before.get()) != 0 && mount_id(after.get()) != 0 && mount_id(before.get()) != mount_id(after.get()));
  CHECK(open_cgroup_root(path, nullptr) == -1 && errno == ENODEV);
  CHECK(umount2(path, MNT_DETACH) == 0);
}

} // namespace

int main() {
  if (mkdtemp(top) == nullptr) return 2;
  umask(0);
  test_text();
  test_packets();
  test_paths();
  if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
    test_procfs();
    test_mounts();
  } else {
    printf("skipped: procfs and mounts need root\n");
  }
  char command[sizeof top + 32];
  snprintf(command, sizeof command, "rm -rf --one-file-system %s", top);
  if (system(command) != 0) return 2;
  return test::failures == 0 ? 0 : 1;
}

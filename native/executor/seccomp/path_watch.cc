#include "executor/seccomp/path_watch.h"
#include "base/architecture.h"
#include "executor/seccomp/path_place.h"
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

namespace veloci {

namespace {

// Rights of Landlock, from <linux/landlock.h>, which may be older than the kernel.
constexpr uint32_t right_execute = 1 << 0;
constexpr uint32_t right_write_file = 1 << 1;
constexpr uint32_t right_read_file = 1 << 2;
constexpr uint32_t right_read_dir = 1 << 3;
constexpr uint32_t right_remove_dir = 1 << 4;
constexpr uint32_t right_remove_file = 1 << 5;
constexpr uint32_t right_make_char = 1 << 6;
constexpr uint32_t right_make_dir = 1 << 7;
constexpr uint32_t right_make_reg = 1 << 8;
constexpr uint32_t right_make_sock = 1 << 9;
constexpr uint32_t right_make_fifo = 1 << 10;
constexpr uint32_t right_make_block = 1 << 11;
constexpr uint32_t right_make_sym = 1 << 12;
constexpr uint32_t right_refer = 1 << 13;
constexpr uint32_t right_truncate = 1 << 14;
constexpr uint32_t right_ioctl_dev = 1 << 15;

constexpr unsigned long x32_bit = 0x40000000;
constexpr int rename_exchange = 2;

// What making such a thing takes.
uint32_t making(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFDIR: return right_make_dir;
  case S_IFCHR: return right_make_char;
  case S_IFBLK: return right_make_block;
  case S_IFIFO: return right_make_fifo;
  case S_IFSOCK: return right_make_sock;
  case S_IFLNK: return right_make_sym;
  default: return right_make_reg;
  }
}

uint32_t removing(mode_t mode) { return S_ISDIR(mode) ? right_remove_dir : right_remove_file; }

// Commands that the descriptor answers, whatever the device: Landlock lets them pass.
bool is_harmless(uint64_t command) {
  switch (static_cast<uint32_t>(command)) {
  case FIOCLEX:
  case FIONCLEX:
  case FIONBIO:
  case FIOASYNC:
  case FIOQSIZE:
  case FIFREEZE:
  case FITHAW:
  case FS_IOC_FIEMAP:
  case FIGETBSZ:
  case FICLONE:
  case FICLONERANGE:
  case FIDEDUPERANGE: return true;
  default: return false;
  }
}

bool is_utf8(Str text) {
  for (uint32_t i = 0; i < text.size;) {
    auto byte = static_cast<unsigned char>(text.data[i]);
    uint32_t more = byte < 0x80 ? 0 : byte >= 0xc2 && byte < 0xe0 ? 1 : byte >= 0xe0 && byte < 0xf0 ? 2 : 3;
    if (byte >= 0xf5 || (byte >= 0x80 && byte < 0xc2) || i + more >= text.size) return false;
    auto second = static_cast<unsigned char>(more > 0 ? text.data[i + 1] : 0);
    bool odd = (byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) || (byte == 0xf0 && second < 0x90) ||
               (byte == 0xf4 && second > 0x8f);
    if (odd) return false;
    for (uint32_t k = 1; k <= more; k++) {
      if ((static_cast<unsigned char>(text.data[i + k]) & 0xc0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

// Where a process has the name that its program was executed by, or 0.
uint64_t executed_name(pid_t process) {
  FILE *vector = fopen(ProcName(process, "/auxv").c_str(), "re");
  if (vector == nullptr) return 0;
  uint64_t entry[2] = {}, address = 0;
  while (address == 0 && fread(entry, sizeof entry, 1, vector) == 1 && entry[0] != AT_NULL) {
    if (entry[0] == AT_EXECFN) address = entry[1];
  }
  fclose(vector);
  return address;
}

} // namespace

// A call of a process.
struct PathWatch::Call {
  ProcessPaths &of;
  const seccomp_notif &request;
  uint64_t argument(int index) const { return request.data.args[index]; }
  int descriptor(int index) const { return static_cast<int>(request.data.args[index]); }
};

// Whether it is still the process that has asked.
bool PathWatch::is_same(const Call &call) {
  uint64_t id = call.request.id;
  return ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void PathWatch::add(const Call &call, Str path, uint32_t rights, bool changed) {
  if (!is_same(call)) return;
  if (!is_utf8(path)) {
    paths_->nameless++;
    return;
  }
  uint32_t hash = 2166136261U;
  for (uint32_t i = 0; i < path.size; i++) hash = (hash ^ static_cast<unsigned char>(path.data[i])) * 16777619U;
  for (uint32_t i = 0; i < LearnedPaths::max; i++) {
    LearnedPath &known = paths_->paths[(hash + i) % LearnedPaths::max];
    if (!known.used) {
      if (paths_->text_size + path.size + 1 > LearnedPaths::text_max) break;
      memcpy(paths_->text + paths_->text_size, path.data, path.size);
      known = {paths_->text_size, path.size, 0, true, false};
      paths_->text_size += path.size + 1;
    }
    if (known.size != path.size || memcmp(paths_->text + known.offset, path.data, path.size) != 0) continue;
    known.rights |= rights;
    known.changed = known.changed || changed;
    return;
  }
  paths_->error = EOVERFLOW;
}

void PathWatch::add(const Call &call, const Place &place, uint32_t rights, bool changed) {
  add(call, place.path.str(), rights, changed);
}

// What the directory has to allow; nothing where the file system refuses it first.
void PathWatch::add_above(const Call &call, const Place &place, uint32_t rights) {
  if (!place.read_only) add(call, above(place.path.str()), rights, false);
}

void PathWatch::on_open(const Call &call, int dir, uint64_t path, uint64_t flags) {
  if ((flags & O_PATH) == O_PATH) return;
  Place place;
  bool makes = (flags & O_CREAT) != 0;
  if (!call.of.find(dir, path, (flags & O_NOFOLLOW) == 0 && !(makes && (flags & O_EXCL) != 0), place)) return;
  unsigned mode = flags & O_ACCMODE;
  uint32_t rights = (mode != O_WRONLY ? right_read_file : 0) | (mode != O_RDONLY ? right_write_file : 0) |
                    ((flags & O_TRUNC) != 0 ? right_truncate : 0);
  if (place.missing) {
    if (!makes || place.read_only) return;
    add_above(call, place, right_make_reg);
    return add(call, place, rights, true);
  }
  if (S_ISDIR(place.mode) || (flags & O_DIRECTORY) != 0) {
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    return add(call, place, nameless ? rights | right_make_reg : right_read_dir);
  }
  if (place.read_only && S_ISREG(place.mode)) rights &= right_read_file;
  if (rights != 0 && !S_ISLNK(place.mode) && !S_ISSOCK(place.mode)) add(call, place, rights);
}

void PathWatch::on_exec(const Call &call, int dir, uint64_t path, uint64_t flags) {
  Place place;
  char first = '\0';
  bool empty = (flags & AT_EMPTY_PATH) != 0 && read_memory(call.of.process(), path, &first, 1) == 1 && first == '\0';
  bool is_there = empty ? call.of.see_descriptor(dir, place)
                        : call.of.find(dir, path, (flags & AT_SYMLINK_NOFOLLOW) == 0, place) && !place.missing;
  if (!is_there || !S_ISREG(place.mode)) return;
  add(call, place, right_execute | right_read_file);
  executing_[static_cast<uint32_t>(call.of.process()) % executing_max] = call.of.process();
}

// The first call of a program: what the kernel itself has opened for it are its interpreters, of a script and of ELF.
void PathWatch::begin_program(const Call &call) {
  pid_t &waiting = executing_[static_cast<uint32_t>(call.of.process()) % executing_max];
  if (waiting != call.of.process()) return;
  waiting = 0;
  constexpr int most = 2; // in a program whose execve has failed, its libraries are there, too
  TextOf<4096> names[most];
  int count = 0;
  FILE *maps = fopen(ProcName(call.of.process(), "/maps").c_str(), "re");
  if (maps == nullptr) return;
  char line[4096 + 128];
  while (fgets(line, sizeof line, maps) != nullptr) {
    char *name = strchr(line, '/');
    if (name == nullptr) continue;
    name[strcspn(name, "\n")] = '\0';
    bool known = false;
    for (int i = 0; i < count && i < most; i++) known = known || strcmp(names[i].c_str(), name) == 0;
    if (known) continue;
    if (count < most) names[count].add(name);
    count++;
  }
  fclose(maps);
  for (int i = 0; i < count && count <= most; i++) {
    Place place;
    if (call.of.find(names[i], true, place) && !place.missing) add(call, place, right_execute | right_read_file);
  }
}

void PathWatch::on_make(const Call &call, int dir, uint64_t path, uint32_t right) {
  Place place;
  if (!call.of.find(dir, path, false, place) || !place.missing || place.read_only) return;
  add_above(call, place, right);
  add(call, place, 0, true);
}

void PathWatch::on_remove(const Call &call, int dir, uint64_t path, bool directory) {
  Place place;
  if (!call.of.find(dir, path, false, place) || place.missing || place.read_only) return;
  if (directory != S_ISDIR(place.mode)) return;
  add_above(call, place, removing(place.mode));
  add(call, place, 0, true);
}

void PathWatch::on_link(const Call &call, int dir, uint64_t path, int new_dir, uint64_t new_path, uint64_t flags) {
  Place from, to;
  if (!call.of.find(new_dir, new_path, false, to) || !to.missing || to.read_only) return;
  bool named = call.of.find(dir, path, (flags & AT_SYMLINK_FOLLOW) != 0, from) && !from.missing;
  bool far = !named || !(above(from.path.str()) == above(to.path.str()));
  add_above(call, to, making(named ? from.mode : S_IFREG) | (far ? right_refer : 0));
  if (far && named) add_above(call, from, right_refer);
  add(call, to, 0, true);
}

void PathWatch::on_rename(const Call &call, int dir, uint64_t path, int new_dir, uint64_t new_path, uint64_t flags) {
  Place from, to;
  if (!call.of.find(dir, path, false, from) || from.missing || from.read_only) return;
  if (!call.of.find(new_dir, new_path, false, to)) return;
  uint32_t refer = above(from.path.str()) == above(to.path.str()) ? 0 : right_refer;
  bool exchange = (flags & rename_exchange) != 0 && !to.missing;
  add_above(call, from, removing(from.mode) | refer | (exchange ? making(to.mode) : 0));
  add_above(call, to, making(from.mode) | refer | (to.missing ? 0 : removing(to.mode)));
  add(call, from, 0, true);
  add(call, to, 0, true);
}

void PathWatch::on_bind(const Call &call, uint64_t address, uint64_t size) {
  sockaddr_un name = {};
  if (size > sizeof name) size = sizeof name;
  constexpr size_t head = offsetof(sockaddr_un, sun_path);
  if (size <= head || read_memory(call.of.process(), address, &name, size) != size) return;
  if (name.sun_family != AF_UNIX || name.sun_path[0] == '\0') return;
  on_make(call, AT_FDCWD, address + head, right_make_sock);
}

void PathWatch::on_descriptor(const Call &call, int fd, uint32_t right, bool device) {
  struct stat status;
  if (fd < 0 || stat(ProcName(call.of.process(), "/fd/", fd).c_str(), &status) != 0) return;
  if (device ? !S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode) : !S_ISREG(status.st_mode)) return;
  Place place;
  if (call.of.see_descriptor(fd, place)) add(call, place, right);
}

void PathWatch::dispatch(const Call &call) {
  auto argument = [&](int index) { return call.argument(index); };
  auto dir = [&](int index) { return call.descriptor(index); };
  constexpr int here = AT_FDCWD;
  switch (call.request.data.nr) {
#ifdef SYS_open
  case SYS_open: return on_open(call, here, argument(0), argument(1));
  case SYS_creat: return on_open(call, here, argument(0), O_CREAT | O_WRONLY | O_TRUNC);
  case SYS_mkdir: return on_make(call, here, argument(0), right_make_dir);
  case SYS_mknod: return on_make(call, here, argument(0), making(static_cast<mode_t>(argument(1))));
  case SYS_symlink: return on_make(call, here, argument(1), right_make_sym);
  case SYS_link: return on_link(call, here, argument(0), here, argument(1), 0);
  case SYS_rename: return on_rename(call, here, argument(0), here, argument(1), 0);
  case SYS_unlink: return on_remove(call, here, argument(0), false);
  case SYS_rmdir: return on_remove(call, here, argument(0), true);
#endif
#ifdef SYS_renameat
  case SYS_renameat: return on_rename(call, dir(0), argument(1), dir(2), argument(3), 0);
#endif
  case SYS_openat: return on_open(call, dir(0), argument(1), argument(2));
  case SYS_openat2: {
    open_how how = {};
    if (read_memory(call.of.process(), argument(2), &how, sizeof how) != sizeof how) return;
    return on_open(call, dir(0), argument(1), how.flags);
  }
  case SYS_execve: return on_exec(call, here, argument(0), 0);
  case SYS_execveat: return on_exec(call, dir(0), argument(1), argument(4));
  case SYS_truncate: {
    Place place;
    if (call.of.find(here, argument(0), true, place) && !place.missing && !place.read_only)
      add(call, place, right_truncate);
    return;
  }
  case SYS_ftruncate: return on_descriptor(call, dir(0), right_truncate, false);
  case SYS_ioctl:
    if (!is_harmless(argument(1))) on_descriptor(call, dir(0), right_ioctl_dev, true);
    return;
  case SYS_mkdirat: return on_make(call, dir(0), argument(1), right_make_dir);
  case SYS_mknodat: return on_make(call, dir(0), argument(1), making(static_cast<mode_t>(argument(2))));
  case SYS_symlinkat: return on_make(call, dir(1), argument(2), right_make_sym);
  case SYS_linkat: return on_link(call, dir(0), argument(1), dir(2), argument(3), argument(4));
  case SYS_renameat2: return on_rename(call, dir(0), argument(1), dir(2), argument(3), argument(4));
  case SYS_unlinkat: return on_remove(call, dir(0), argument(1), (argument(2) & AT_REMOVEDIR) != 0);
  case SYS_bind: return on_bind(call, argument(1), argument(2));
  default: return;
  }
}

void PathWatch::note(const seccomp_notif &request) {
  const seccomp_data &data = request.data;
  bool native = data.arch == native_architecture && (static_cast<unsigned long>(data.nr) & x32_bit) == 0;
  bool executes = native && (data.nr == SYS_execve || data.nr == SYS_execveat);
  // What init does before its execve is not the program's.
  const bool is_first = awaits_program_;
  if (is_first && !executes) return;
  if (is_first && paths_->error == ENODATA) paths_->error = 0;
  awaits_program_ = false;
  if (!native) {
    paths_->foreign = true;
    return;
  }
  ProcessPaths paths(static_cast<pid_t>(request.pid));
  Call call = {paths, request};
  if (first_unseen_) on_exec(call, AT_FDCWD, executed_name(paths.process()), 0);
  begin_program(call);
  dispatch(call);
  // Of init itself an ordinary user sees nothing: what it has executed is seen in what it has become.
  first_unseen_ = is_first && paths.refused() != 0;
  if (paths.refused() != 0 && !first_unseen_ && paths_->error == 0) paths_->error = paths.refused();
}

} // namespace veloci

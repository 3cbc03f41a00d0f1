#include "executor/seccomp/path_place.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

namespace veloci {

namespace {

constexpr int links_max = 40; // as the kernel's own limit

bool is_number(Str name) {
  for (uint32_t i = 0; i < name.size; i++) {
    if (name.data[i] < '0' || name.data[i] > '9') return false;
  }
  return name.size > 0;
}

Str last_of(Str path) {
  uint32_t start = path.size;
  while (start > 0 && path.data[start - 1] != '/') start--;
  return {path.data + start, path.size - start};
}

bool read_link(const char *path, Text &text) {
  text.clear();
  ssize_t size = readlink(path, text.tail(), text.room());
  if (size <= 0 || static_cast<size_t>(size) == text.room()) return false;
  text.grew(static_cast<size_t>(size));
  return true;
}

} // namespace

// Memory of a process, up to what is there.
size_t read_memory(pid_t process, uint64_t address, void *out, size_t size) {
  iovec mine = {out, size}, theirs = {reinterpret_cast<void *>(address), size};
  ssize_t count = process_vm_readv(process, &mine, 1, &theirs, 1, 0);
  return count < 0 ? 0 : static_cast<size_t>(count);
}

// The path without its last component; "/" for what lies there.
Str above(Str path) {
  uint32_t end = path.size;
  while (end > 0 && path.data[end - 1] != '/') end--;
  return {path.data, end > 1 ? end - 1 : 1};
}

int ProcessPaths::root() {
  if (root_.valid()) return root_.get();
  root_.reset(open(ProcName(process_, "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_.valid() && (errno == EACCES || errno == EPERM)) refused_ = errno;
  return root_.get();
}

// The text of an O_PATH descriptor, and what it is. What lies in a folder of a process is its procfs's, and a terminal
// its devpts's: neither is there again under this name.
bool ProcessPaths::see(int fd, Place &place) {
  struct stat status;
  struct statfs system;
  ProcName link(getpid(), "/fd/", fd);
  if (fstat(fd, &status) != 0 || status.st_nlink == 0 || fstatfs(fd, &system) != 0) return false;
  if (!read_link(link.c_str(), place.path) || place.path.data()[0] != '/') return false;
  place.mode = status.st_mode;
  place.missing = false;
  place.read_only = (system.f_flags & ST_RDONLY) != 0;
  if (static_cast<uint64_t>(system.f_type) == sys::magic_devpts && is_number(last_of(place.path.str())))
    place.path.truncate(above(place.path.str()).size);
  if (static_cast<uint64_t>(system.f_type) != sys::magic_proc) return true;
  for (size_t start = 1; start < place.path.size();) {
    size_t end = start;
    while (end < place.path.size() && place.path.data()[end] != '/') end++;
    Str name = {place.path.data() + start, static_cast<uint32_t>(end - start)};
    if (is_number(name)) {
      place.path.truncate(start > 1 ? start - 1 : 1);
      return true;
    }
    start = end + 1;
  }
  return true;
}

// What an open descriptor of the process is, where the container's own tree has it.
bool ProcessPaths::see_descriptor(int fd, Place &place) {
  return see_link(ProcName(process_, "/fd/", fd).c_str(), place);
}

bool ProcessPaths::see_link(const char *link, Place &place) {
  Fd mine(open(link, O_PATH | O_CLOEXEC));
  struct stat here, there;
  if (!mine.valid() || fstat(mine.get(), &here) != 0 || !see(mine.get(), place)) return false;
  Fd candidate(open_in_root(root(), place.path.c_str(), O_PATH));
  if (!candidate.valid() || fstat(candidate.get(), &there) != 0) return false;
  return (here.st_dev == there.st_dev && here.st_ino == there.st_ino) || place.mode != there.st_mode;
}

// The path of a directory that a relative path starts from.
bool ProcessPaths::base_of(int dir, Text &text) {
  ProcName name(process_, "/fd/", dir < 0 ? 0 : dir), current(process_, "/cwd");
  const char *link = dir == AT_FDCWD ? current.c_str() : name.c_str();
  TextOf<4096> top;
  struct stat here, there;
  if (!read_link(link, text) || !read_link(ProcName(process_, "/root").c_str(), top)) return false;
  if (text.data()[0] != '/') return false;
  // A process may have another root than the container has.
  if (top.size() > 1 && strncmp(text.c_str(), top.c_str(), top.size()) == 0) {
    TextOf<4096> rest;
    rest.add("/").add(text.c_str() + top.size());
    text.clear();
    text.add(rest.str());
  }
  Fd directory(open_in_root(root(), text.c_str(), O_PATH));
  if (!directory.valid() || fstat(directory.get(), &here) != 0 || stat(link, &there) != 0) return false;
  return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool ProcessPaths::find(int dir, uint64_t path, bool follow, Place &place) {
  TextOf<4096> given, text;
  constexpr size_t chunk = 4096;
  for (uint64_t next = path;;) {
    size_t size = chunk - next % chunk;
    if (size > given.room()) size = given.room();
    size_t count = size == 0 ? 0 : read_memory(process_, next, given.tail(), size);
    if (count == 0) {
      if (errno == EPERM) refused_ = EPERM;
      return false;
    }
    size_t end = strnlen(given.tail(), count);
    given.grew(end);
    if (end < count) break;
    next += count;
  }
  if (given.size() == 0) return false;
  if (given.data()[0] != '/') {
    if (!base_of(dir, text)) return false;
    text.add_char('/');
  }
  text.add(given.str());
  return text.complete() && find(text, follow, place);
}

// Resolves a path as the process would. The kernel does so; where it fails because of a link of procfs, which leads
// elsewhere for whoever asks, or because nothing is there, component by component.
bool ProcessPaths::find(Text &text, bool follow, Place &place) {
  for (int links = 0; links < links_max; links++) {
    size_t end = text.size();
    while (end > 1 && text.data()[end - 1] == '/') end--;
    text.truncate(end);
    Fd whole(open_in_root(root(), text.c_str(), O_PATH | (follow ? 0 : O_NOFOLLOW)));
    if (whole.valid()) return see(whole.get(), place);
    if (errno != ENOENT && errno != ELOOP) return false;
    bool again = false;
    bool known = follow_part(text, place, again);
    if (!again) return known;
  }
  return false;
}

// Looks at the first component that leads nowhere. `again`: the path goes on through a link now.
bool ProcessPaths::follow_part(Text &text, Place &place, bool &again) {
  TextOf<4096> before, part;
  size_t start = 1, stop = 1;
  for (;; start = stop + 1) {
    if (start >= text.size()) return false;
    for (stop = start; stop < text.size() && text.data()[stop] != '/';) stop++;
    part.clear();
    part.add(text.data(), stop);
    if (!Fd(open_in_root(root(), part.c_str(), O_PATH)).valid()) break;
  }
  before.add(text.data(), start > 1 ? start - 1 : 1);
  Str name = {text.data() + start, static_cast<uint32_t>(stop - start)};
  Fd parent(open_in_root(root(), before.c_str(), O_PATH | O_DIRECTORY));
  if (!parent.valid() || !see(parent.get(), place)) return false;
  if (on_procfs(parent.get())) return see_process(name, text.data() + stop, text, place, again);
  Fd link(open_in_root(root(), part.c_str(), O_PATH | O_NOFOLLOW));
  struct stat status;
  if (link.valid() && fstat(link.get(), &status) == 0 && S_ISLNK(status.st_mode)) {
    TextOf<4096> next;
    char target[4096];
    ssize_t size = readlinkat(link.get(), "", target, sizeof target);
    if (size <= 0) return false;
    if (target[0] != '/') next.add(before.str()).add_char('/');
    next.add(target, static_cast<size_t>(size)).add(text.data() + stop);
    text.clear();
    text.add(next.str());
    again = next.complete();
    return false;
  }
  if (stop < text.size() || name == Str::of("..")) return false;
  if (place.path.size() > 1) place.path.add_char('/');
  place.path.add(name);
  place.missing = true;
  place.mode = 0;
  return place.path.complete();
}

// What lies in a procfs and leads elsewhere for whoever asks: the process's own folder, and links to what is open.
// `place` is the directory, `rest` what comes behind the name.
bool ProcessPaths::see_process(Str name, const char *rest, Text &text, Place &place, bool &again) {
  // Of a link to what another process has nobody knows the way.
  if (!(name == Str::of("self") || name == Str::of("thread-self"))) return false;
  constexpr char folder[] = "/fd/";
  if (strncmp(rest, folder, sizeof folder - 1) == 0) {
    uint64_t fd;
    return parse_number(Str::of(rest + sizeof folder - 1), 1 << 20, fd) && see_descriptor(static_cast<int>(fd), place);
  }
  if (strcmp(rest, "/exe") == 0) return see_link(ProcName(process_, "/exe").c_str(), place);
  for (const char *link : {"/cwd", "/root"}) {
    size_t size = strlen(link);
    if (strncmp(rest, link, size) != 0 || (rest[size] != '\0' && rest[size] != '/')) continue;
    TextOf<4096> next;
    if (strcmp(link, "/cwd") == 0 && !base_of(AT_FDCWD, next)) return false;
    next.add(rest[size] == '\0' ? "/" : rest + size);
    text.clear();
    text.add(next.str());
    again = next.complete();
    return false;
  }
  place.mode = S_IFREG;
  return true;
}

} // namespace veloci

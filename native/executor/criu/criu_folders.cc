// The folders that CRIU reads and writes. Who may change one chooses what is restored, with any rights, and where a
// dump writes: so nobody but root and the caller may.
#include "base/directory.h"
#include "executor/criu/criu_message.h"
#include "executor/criu/criu_process.h"
#include "file/files.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace veloci {

namespace {

namespace steps = step::criu_start;

// The folder of an earlier dump, a link that CRIU makes: each may have one.
constexpr char parent_link[] = "parent";
constexpr unsigned parents_max = 1024;

int open_folder(Str path, bool make, Fd &folder) {
  if (make && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  folder.reset(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.valid() ? 0 : errno;
}

// Whether others may change it; then it says how.
bool is_open(const struct stat &info, Text &words) {
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    words.add("belongs to uid ").add_number(info.st_uid);
    return true;
  }
  if ((info.st_mode & 022) == 0) return false;
  words.add((info.st_mode & 02) != 0 ? "is writable for all" : "is writable for gid ");
  if ((info.st_mode & 02) == 0) words.add_number(info.st_gid);
  return true;
}

// 0; EPERM with words when others may change the folder; or another errno.
int check_folder(int folder, Str path, Text &words) {
  struct stat info;
  TextOf<64> how;
  if (fstat(folder, &info) != 0) return errno;
  if (!is_open(info, how)) return 0;
  words.add_char('"').add(path).add("\" ").add(how.str());
  return EPERM;
}

// The same for what lies in it, but for folders: CRIU follows what it finds there.
int check_images(int folder, Str path, Text &words) {
  int fault = check_folder(folder, path, words);
  if (fault != 0) return fault;
  int err = find_dirent(folder, [&](const DirectoryEntry &entry) {
    struct stat info;
    if (fstatat(folder, entry.name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) fault = errno;
      return fault == 0;
    }
    if (S_ISDIR(info.st_mode) || (S_ISLNK(info.st_mode) && strcmp(entry.name, parent_link) == 0)) return true;
    TextOf<64> how;
    bool known = S_ISREG(info.st_mode) || S_ISSOCK(info.st_mode);
    if (!known) how.add("is no file");
    if (known && !is_open(info, how)) return true;
    words.add_char('"').add(path).add_char('/').add(static_cast<const char *>(entry.name)).add("\" ").add(how.str());
    fault = EPERM;
    return false;
  });
  return fault != 0 ? fault : err;
}

// Whether an image has all the pages that a pagemap beside it counts: CRIU reads beyond the end of one for ever. 0, or
// ENODATA with words. What is of another form is CRIU's to judge.
int check_pages(int folder, const char *name, Str path, Text &words) {
  constexpr size_t pagemap_max = 64 << 20;
  Buffer image;
  CriuPagemap pagemap;
  if (read_file(folder, name, pagemap_max, O_NOFOLLOW, image) != 0 || !read_criu_pagemap(image.bytes(), pagemap))
    return 0;
  TextOf<64> pages;
  pages.add("pages-").add_number(pagemap.pages_id).add(".img");
  struct stat info;
  uint64_t size;
  if (fstatat(folder, pages.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) return 0;
  bool is_beyond = __builtin_mul_overflow(pagemap.present, static_cast<uint64_t>(getpagesize()), &size);
  if (!is_beyond && size <= static_cast<uint64_t>(info.st_size)) return 0;
  words.add_char('"').add(path).add_char('/').add(pages.str()).add("\" has ");
  words.add_number(static_cast<uint64_t>(info.st_size)).add(" bytes, and \"").add(name).add("\" counts ");
  words.add_number(pagemap.present).add(" pages in it");
  return ENODATA;
}

int check_all_pages(int folder, Str path, Text &words) {
  int fault = 0;
  if (lseek(folder, 0, SEEK_SET) != 0) return errno;
  int err = find_dirent(folder, [&](const DirectoryEntry &entry) {
    constexpr char pagemaps[] = "pagemap-";
    if (strncmp(entry.name, pagemaps, sizeof pagemaps - 1) == 0) fault = check_pages(folder, entry.name, path, words);
    return fault == 0;
  });
  return fault != 0 ? fault : err;
}

} // namespace

Outcome open_criu_folders(Context &context, const CriuStart &op) {
  CriuJob &job = context.criu;
  bool is_dump = op.request != CriuRequest::restore;
  if (int err = open_folder(op.images, is_dump, job.images); err != 0) return Outcome::failed(steps::images, err);
  if (op.work) {
    if (int err = open_folder(op.work.value, true, job.work); err != 0) return Outcome::failed(steps::work, err);
  }
  Fd parent;
  if (op.parent) {
    parent.reset(openat(job.images.get(), op.parent.value.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent.valid()) return Outcome::failed(steps::parent, ENOENT);
  }
  Text &words = context.failure.detail.words();
  int err = check_images(job.images.get(), op.images, words);
  if (err == 0 && op.work) err = check_folder(job.work.get(), op.work.value, words);
  TextOf<4096> parent_path;
  parent_path.add(op.images).add_char('/').add(op.parent ? op.parent.value : Str::of(parent_link));
  Fd folder(parent.valid() ? parent.release()
                           : openat(job.images.get(), parent_link, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (unsigned i = 0; err == 0 && folder.valid(); i++) {
    err = i == parents_max ? ELOOP : check_images(folder.get(), parent_path.str(), words);
    if (err == 0) folder.reset(openat(folder.get(), parent_link, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (err != 0) return Outcome::failed(steps::trust, err);
  if (!is_dump) err = check_all_pages(job.images.get(), op.images, words);
  if (err != 0) return Outcome::failed(steps::pages, err);
  context.failure.detail.clear();
  return {};
}

bool is_same_folder(int one, int other) {
  struct stat first, second;
  if (fstat(one, &first) != 0 || fstat(other, &second) != 0) return false;
  if (first.st_dev == second.st_dev && first.st_ino == second.st_ino) return true;
  errno = ESTALE;
  return false;
}

} // namespace veloci

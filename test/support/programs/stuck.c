// A container's process that keeps whoever looks at it waiting for ever: stuck DIR. It mounts a file system of its own
// (FUSE) on DIR that answers no look-up of a name but `page`, and no read; then its command line and its environment
// lie in that file. Prints `ready`.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int device;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void answer(uint64_t unique, int error, const void *data, size_t size) {
  char text[4096];
  struct fuse_out_header head = {.len = (uint32_t)(sizeof head + size), .error = -error, .unique = unique};
  memcpy(text, &head, sizeof head);
  memcpy(text + sizeof head, data, size);
  if (write(device, text, sizeof head + size) < 0 && errno != ENOENT) fail("answer");
}

static void attributes(struct fuse_attr *attr, uint64_t node) {
  attr->ino = node;
  attr->mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
  attr->nlink = 1;
  attr->size = node == 1 ? 0 : 4096;
}

static void serve(void) {
  static char request[1 << 20];
  for (;;) {
    ssize_t size = read(device, request, sizeof request);
    if (size < 0 && (errno == EINTR || errno == ENOENT)) continue;
    if (size < 0) exit(0);
    struct fuse_in_header *head = (struct fuse_in_header *)request;
    switch (head->opcode) {
    case FUSE_INIT: {
      struct fuse_init_out out = {.major = 7, .minor = 31, .max_write = 4096};
      answer(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr_valid = 1000};
      attributes(&out.attr, head->nodeid);
      answer(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_LOOKUP: {
      if (strcmp((char *)(head + 1), "page") != 0) break;
      struct fuse_entry_out out = {.nodeid = 2, .attr_valid = 1000};
      attributes(&out.attr, 2);
      answer(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_OPEN: {
      struct fuse_open_out out = {0};
      answer(head->unique, 0, &out, sizeof out);
      break;
    }
    default: break; // no answer
    }
  }
}

// Where the kernel says that the command line and the environment are.
static void hide_arguments(const char *page) {
  FILE *file = fopen("/proc/self/stat", "r");
  char text[4096];
  if (file == NULL || fgets(text, sizeof text, file) == NULL) fail("stat");
  unsigned long long values[60] = {0};
  char *word = strtok(strrchr(text, ')') + 1, " ");
  for (int field = 3; word != NULL && field < 60; field++, word = strtok(NULL, " "))
    values[field] = strtoull(word, NULL, 10);
  struct prctl_mm_map map = {
      .start_code = values[26],
      .end_code = values[27],
      .start_stack = values[28],
      .start_data = values[45],
      .end_data = values[46],
      .start_brk = values[47],
      .brk = (uint64_t)sbrk(0),
      .arg_start = (uint64_t)page,
      .arg_end = (uint64_t)page + 64,
      .env_start = (uint64_t)page + 64,
      .env_end = (uint64_t)page + 128,
      .exe_fd = (uint32_t)-1,
  };
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0) fail("PR_SET_MM_MAP");
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  char options[128], path[4096];
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) fail("/dev/fuse");
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  if (mount("stuck", arguments[1], "fuse", 0, options) != 0) fail("mount");
  pid_t server = fork();
  if (server < 0) fail("fork");
  if (server == 0) serve();
  close(device);
  snprintf(path, sizeof path, "%s/page", arguments[1]);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  const char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  if (page == MAP_FAILED) fail("mmap");
  hide_arguments(page);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

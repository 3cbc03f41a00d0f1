// receiver stream|datagram SOCKET [hold] - listens on an AF_UNIX socket and prints each message as a line of JSON on
// stdout: {"text":"READY=1","fds":["anon_inode:[pidfd]"],"pid":12} (pid: of the first pidfd). Descriptors are closed at
// once. Prints "ready" on stderr once it listens. With `hold` nobody can connect before a line comes on stdin.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "receiver: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void print_text(const char *text, ssize_t size) {
  putchar('"');
  for (ssize_t i = 0; i < size; i++) {
    if (text[i] == '\n')
      printf("\\n");
    else if (text[i] == '"' || text[i] == '\\')
      printf("\\%c", text[i]);
    else
      putchar(text[i]);
  }
  putchar('"');
}

static int pid_of(int fd) {
  char path[64], line[256];
  int pid = 0;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Pid: %d", &pid);
  if (file) fclose(file);
  return pid;
}

static int receive(int from) {
  char text[4096], control[CMSG_SPACE(16 * sizeof(int))];
  struct iovec part = {text, sizeof text};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t size = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
  if (size <= 0) return 0;
  printf("{\"text\":");
  print_text(text, size);
  printf(",\"fds\":[");
  int pid = 0, count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
      char path[64], link[4096] = "";
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
      ssize_t length = readlink(path, link, sizeof link - 1);
      if (count++) putchar(',');
      print_text(link, length);
      if (!pid) pid = pid_of(fd);
      close(fd);
    }
  }
  printf("],\"pid\":%d}\n", pid);
  fflush(stdout);
  return 1;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int stream = argc > 2 && !strcmp(argv[1], "stream");
  if (argc < 3 || strlen(argv[2]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: receiver stream|datagram SOCKET [hold]\n");
    return 1;
  }
  strcpy(address.sun_path, argv[2]);
  int own = socket(AF_UNIX, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  if (bind(own, (struct sockaddr *)&address, sizeof address) < 0) die(argv[2]);
  int hold = argc > 3;
  if (stream && listen(own, hold ? 0 : 8) < 0) die("listen");
  if (hold) {
    // A queue of no length takes one connection: ours.
    int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(first, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
    fprintf(stderr, "ready\n");
    while (getchar() != '\n') continue;
    close(accept(own, NULL, NULL));
    close(first);
  } else {
    fprintf(stderr, "ready\n");
  }
  for (;;) {
    int from = stream ? accept4(own, NULL, NULL, SOCK_CLOEXEC) : own;
    if (from < 0) die("accept");
    if (!receive(from) && !stream) return 0;
    if (stream) close(from);
  }
}

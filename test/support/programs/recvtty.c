// recvtty SOCKET - listens on an AF_UNIX stream socket, receives one message with one terminal (the
// console-socket protocol), reports it on stderr as JSON, then connects the terminal to stdin and stdout
// until it hangs up. Prints "ready" on stderr once it listens.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "recvtty: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int copy(int from, int to) {
  char buffer[4096];
  ssize_t n = read(from, buffer, sizeof buffer);
  if (n <= 0) return 0;
  for (ssize_t done = 0; done < n;) {
    ssize_t part = write(to, buffer + done, n - done);
    if (part < 0) return 0;
    done += part;
  }
  return 1;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
    fprintf(stderr, "usage: recvtty SOCKET\n");
    return 1;
  }
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die(argv[1]);
  if (listen(listener, 4) < 0) die("listen");
  fprintf(stderr, "ready\n");
  int connection = accept(listener, NULL, NULL);
  if (connection < 0) die("accept");

  char name[4096], control[CMSG_SPACE(16 * sizeof(int))];
  struct iovec part = {name, sizeof name - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) die("recvmsg");
  int fds = 0, terminal = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(&terminal, CMSG_DATA(c), sizeof terminal);
  }
  fprintf(stderr, "{\"bytes\":%zd,\"fds\":%d,\"tty\":%d}\n", length, fds, terminal >= 0 && isatty(terminal));
  if (terminal < 0) return 1;

  struct pollfd watched[2] = {{terminal, POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents && !copy(0, terminal)) watched[1].fd = -1;
    if (watched[0].revents && !copy(terminal, 1)) return 0;
  }
}

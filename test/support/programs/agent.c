// agent SOCKET VALUE - a seccomp agent: listens on an AF_UNIX stream socket, takes one message with the listener of
// SCMP_ACT_NOTIFY, reports it on stdout as {"fds":N,"state":TEXT}, and answers every notification with VALUE (negative:
// the errno), printing the number of the call. Prints "ready" once it listens.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
  long value = strtol(argv[2], NULL, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  strcpy(address.sun_path, argv[1]);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 8) < 0) die(argv[1]);
  puts("ready");
  for (;;) {
    int connection = accept(server, NULL, NULL);
    if (connection < 0) die("accept");
    static char text[65536];
    char control[CMSG_SPACE(8 * sizeof(int))];
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    if (size <= 0) die("recvmsg");
    text[size] = 0;
    int fds = 0, listener = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      memcpy(&listener, CMSG_DATA(c), sizeof listener);
    }
    ssize_t end = read(connection, control, sizeof control); // the runtime closes its side
    printf("{\"fds\":%d,\"closed\":%s,\"state\":%s}\n", fds, end == 0 ? "true" : "false", text);
    if (fork() != 0) {
      close(listener);
      close(connection);
      continue;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
      struct seccomp_notif call = {0};
      struct pollfd waiting = {listener, POLLIN, 0};
      if (poll(&waiting, 1, -1) < 0 || waiting.revents & POLLHUP) return 0;
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
        if (errno == EINTR || errno == ENOENT) continue;
        return 0;
      }
      printf("call %d\n", call.data.nr);
      struct seccomp_notif_resp answer = {
          .id = call.id, .val = value >= 0 ? value : 0, .error = value < 0 ? (int)value : 0};
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
  }
}

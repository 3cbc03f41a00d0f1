// ptyrun ROWSxCOLUMNS CMD ARG... - runs a command on a new terminal whose other end is our stdin and
// stdout, and exits with the command's status (128+n for a signal). The end of stdin is not passed on.
// SIGUSR1 exchanges rows and columns. Then, and at the end, stderr gets "raw" or "cooked".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int copy(int from, int to) {
  char buffer[4096];
  ssize_t n = read(from, buffer, sizeof buffer);
  if (n < 0 && errno == EINTR) return 1;
  if (n <= 0) return 0;
  for (ssize_t done = 0; done < n;) {
    ssize_t part = write(to, buffer + done, n - done);
    if (part < 0 && errno != EINTR) return 0;
    if (part > 0) done += part;
  }
  return 1;
}

static int terminal;

static void report(void) {
  struct termios now;
  if (tcgetattr(terminal, &now) < 0)
    dprintf(2, "unknown\n");
  else
    dprintf(2, now.c_lflag & ICANON && now.c_lflag & ECHO && now.c_oflag & OPOST ? "cooked\n" : "raw\n");
}

static void turn(int number) {
  struct winsize size;
  (void)number;
  ioctl(terminal, TIOCGWINSZ, &size);
  unsigned short rows = size.ws_row;
  size.ws_row = size.ws_col;
  size.ws_col = rows;
  ioctl(terminal, TIOCSWINSZ, &size);
  report();
}

int main(int argc, char **argv) {
  struct winsize size = {0};
  if (argc < 3 || sscanf(argv[1], "%hux%hu", &size.ws_row, &size.ws_col) != 2) {
    fprintf(stderr, "usage: ptyrun ROWSxCOLUMNS CMD ARG...\n");
    return 125;
  }
  pid_t child = forkpty(&terminal, NULL, NULL, &size);
  if (child < 0) return 125;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  fcntl(terminal, F_SETFD, FD_CLOEXEC);
  signal(SIGUSR1, turn);
  struct pollfd watched[2] = {{terminal, POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents && !copy(0, terminal)) watched[1].fd = -1;
    if (watched[0].revents && !copy(terminal, 1)) break;
  }
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  report();
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// The relay between the caller's terminal and the container's pseudo terminal (foreground run and exec -t).
#pragma once
#include "wait/interrupt.h"
#include <termios.h>

namespace veloci {

// Raw mode of the caller's terminal; put back at the end of its life and from `restore`.
class RawMode {
public:
  RawMode() = default;
  RawMode(const RawMode &) = delete;
  RawMode &operator=(const RawMode &) = delete;
  ~RawMode() { restore(); }
  // Does nothing when `fd` is no terminal.
  void enter(int fd);
  void restore();

private:
  int fd_ = -1;
  struct termios saved_;
};

// Gives a pseudo terminal the size of the caller's terminal, if fd 0 is one.
void copy_terminal_size(int master);

// Copies in both directions without ever blocking the caller's loop.
class Relay {
public:
  // Takes the pseudo terminal's master; input comes from fd 0, output goes to fd 1.
  void start(Fd master);
  bool active() const { return master_.valid(); }

  // For poll(2): the descriptors, what to wait for, and what was found.
  struct Poll {
    int fd;
    short events;
  };
  Poll master_poll() const;
  Poll input_poll() const;
  Poll output_poll() const;
  // Reads and writes what is possible after a poll.
  void pump(short master, short input, short output);
  // The end of the input is no lasting state of a terminal, as it is of a file: one that came behind half a line, or
  // before the program has set up the terminal for itself, is lost. So it is repeated: how many milliseconds poll(2)
  // may wait for that (-1 = without end), and the repetition when nothing has happened meanwhile.
  int end_pause() const { return master_.valid() && !input_open_ ? end_pause_ : -1; }
  void repeat_end();
  // Copies the rest of the output after the process has ended; a signal that asks us to stop ends it.
  void drain(const Signals &signals);
  void resize() { copy_terminal_size(master_.get()); }

private:
  struct Direction {
    char data[16384];
    uint32_t begin = 0;
    uint32_t end = 0;
    bool empty() const { return begin == end; }
  };
  bool fill(Direction &direction, int fd);
  bool flush(Direction &direction, int fd);
  bool flush_all(const Signals &signals);
  void type_end();
  int output_descriptor() const { return output_.valid() ? output_.get() : STDOUT_FILENO; }

  Fd master_;
  Fd output_;
  RawMode raw_;
  Direction in_;
  Direction out_;
  bool input_open_ = true;
  int end_pause_ = 50;
  bool output_open_ = true;
};

} // namespace veloci

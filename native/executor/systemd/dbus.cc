#include "executor/systemd/dbus.h"
#include "base/clock.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace veloci {

namespace {

constexpr uint8_t type_return = 2, type_error = 3, type_signal = 4;
constexpr size_t fixed_header = 16;

size_t padded(size_t size, size_t alignment) { return (size + alignment - 1) / alignment * alignment; }

// Reads values of a message; all is bounds-checked, and a failure makes every further value empty.
class Values {
public:
  explicit Values(Bytes bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return position_ >= bytes_.size; }
  void align(size_t alignment) { position_ = padded(position_, alignment); }
  uint8_t u8() { return take(1) ? bytes_.data[position_ - 1] : 0; }
  uint32_t u32() {
    align(4);
    uint32_t value = 0;
    if (take(4)) memcpy(&value, bytes_.data + position_ - 4, 4);
    return value;
  }
  // A text that ends in a NUL, which is checked.
  Str text() { return text_of(u32()); }
  Str signature() { return text_of(u8()); }

private:
  bool take(size_t size) {
    ok_ = ok_ && position_ <= bytes_.size && size <= bytes_.size - position_;
    if (ok_) position_ += size;
    return ok_;
  }
  Str text_of(uint32_t size) {
    size_t start = position_;
    if (size > bytes_.size || !take(static_cast<size_t>(size) + 1) || bytes_.data[position_ - 1] != 0) {
      ok_ = false;
      return {};
    }
    return {reinterpret_cast<const char *>(bytes_.data + start), size};
  }

  Bytes bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

} // namespace

Dbus::Dbus(Text &words, Signals *signals, uint32_t milliseconds)
    : words_(words), signals_(signals), end_(monotonic_milliseconds() + milliseconds) {}

// 0 when the socket is ready for `events`; ETIMEDOUT, EINTR when we are asked to stop, or another errno.
int Dbus::wait(short events) {
  constexpr int64_t slice = 100; // a signal that asks us to stop is seen after so long
  for (;;) {
    int64_t time = monotonic_milliseconds();
    if (time >= end_) return ETIMEDOUT;
    if (signals_ != nullptr && signals_->pending_stop() != 0) return EINTR;
    progress_.tick();
    struct pollfd waiting = {socket_.get(), events, 0};
    int ready = poll(&waiting, 1, static_cast<int>(end_ - time < slice ? end_ - time : slice));
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
  }
}

int Dbus::connect(Str path, bool &authenticated) {
  authenticated = false;
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, path.data, path.size);
  socket_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.valid()) return errno;
  while (::connect(socket_.get(), reinterpret_cast<struct sockaddr *>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    // Its queue is full: AF_UNIX has no way to wait for room.
    if (monotonic_milliseconds() >= end_) return ETIMEDOUT;
    struct timespec pause {
      0, 10000000
    };
    nanosleep(&pause, nullptr);
  }
  // EXTERNAL without a name: we are who the kernel says. All at once, since nothing depends on the answers.
  static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
  if (int err = send({reinterpret_cast<const uint8_t *>(hello), sizeof hello - 1}); err != 0) return err;
  TextOf<256> line;
  for (int lines = 0; lines < 4; lines++) {
    if (int err = read_line(line); err != 0) return err;
    if (strncmp(line.c_str(), "OK ", 3) == 0) {
      authenticated = true;
      return 0;
    }
    if (strncmp(line.c_str(), "DATA", 4) != 0) break;
  }
  words_.clear();
  words_.add(line.str());
  return EACCES;
}

int Dbus::send(Bytes message) {
  for (size_t done = 0; done < message.size;) {
    if (int err = wait(POLLOUT); err != 0) return err;
    ssize_t count = ::send(socket_.get(), message.data + done, message.size - done, MSG_NOSIGNAL);
    if (count >= 0)
      done += static_cast<size_t>(count);
    else if (errno != EAGAIN && errno != EINTR)
      return errno;
  }
  return 0;
}

int Dbus::read_exactly(uint8_t *to, size_t size) {
  for (size_t done = 0; done < size;) {
    if (int err = wait(POLLIN); err != 0) return err;
    ssize_t count = recv(socket_.get(), to + done, size - done, 0);
    if (count == 0) return ECONNRESET;
    if (count > 0)
      done += static_cast<size_t>(count);
    else if (errno != EAGAIN && errno != EINTR)
      return errno;
  }
  return 0;
}

// A line of the authentication, without its end.
int Dbus::read_line(Text &line) {
  line.clear();
  for (;;) {
    uint8_t byte;
    if (int err = read_exactly(&byte, 1); err != 0) return err;
    if (byte == '\n') return line.complete() ? 0 : EPROTO;
    if (byte != '\r' && byte != 0) line.add_char(static_cast<char>(byte));
  }
}

// The next message; what is not well-formed breaks the connection.
int Dbus::receive(Header &header) {
  if (!message_.grow(fixed_header)) return errno;
  uint8_t *buffer = message_.data();
  if (int err = read_exactly(buffer, fixed_header); err != 0) return err;
  uint32_t body, fields;
  memcpy(&body, buffer + 4, 4);
  memcpy(&fields, buffer + 12, 4);
  if (buffer[0] != 'l') return EPROTO; // systemd and the broker use the host's byte order
  size_t start = padded(fixed_header + size_t{fields}, 8);
  if (start > message_max || body > message_max - start) return EPROTO;
  message_.set_size(fixed_header);
  if (!message_.grow(start + body)) return errno;
  buffer = message_.data();
  if (int err = read_exactly(buffer + fixed_header, start - fixed_header + body); err != 0) return err;
  header = {};
  header.type = buffer[1];
  header.body = {buffer + start, body};
  Values values({buffer + fixed_header, fields});
  while (values.ok() && !values.at_end()) {
    values.align(8);
    uint8_t code = values.u8();
    Str type = values.signature();
    if (!values.ok() || type.size != 1) return EPROTO;
    if (type.data[0] == 'u') {
      uint32_t number = values.u32();
      if (code == 5) header.reply_serial = number;
    } else if (type.data[0] == 's' || type.data[0] == 'o') {
      Str text = values.text();
      if (code == 3) header.member = text;
      if (code == 4) header.error = text;
    } else if (type.data[0] == 'g') {
      Str text = values.signature();
      if (code == 8) header.signature = text;
    } else {
      return EPROTO;
    }
  }
  return values.ok() ? 0 : EPROTO;
}

void Dbus::note_job(const Header &header) {
  if (header.type != type_signal || !(header.member == Str::of("JobRemoved")) ||
      !(header.signature == Str::of("uoss"))) {
    return;
  }
  Values values(header.body);
  values.u32();
  Str path = values.text();
  values.text();
  Str result = values.text();
  if (!values.ok()) return;
  removed_.clear();
  removed_.add(path);
  result_.clear();
  result_.add(result);
}

Dbus::Answer Dbus::await_answer(uint32_t serial, Text &name) {
  for (;;) {
    Header header;
    if (int err = receive(header); err != 0) {
      errno = err;
      return Answer::broken;
    }
    note_job(header);
    bool answers = (header.type == type_return || header.type == type_error) && header.reply_serial == serial;
    if (!answers) continue;
    Values values(header.body);
    if (header.type == type_return) {
      job_.clear();
      if (header.signature == Str::of("o")) job_.add(values.text());
      return Answer::success;
    }
    name.clear();
    name.add(header.error);
    words_.clear();
    words_.add(header.error);
    if (header.signature.size > 0 && header.signature.data[0] == 's') words_.add(": ").add(values.text());
    return Answer::error;
  }
}

int Dbus::await_job() {
  while (!(removed_.str() == job_.str())) {
    Header header;
    if (int err = receive(header); err != 0) return err;
    note_job(header);
  }
  if (result_.str() == Str::of("done")) return 0;
  words_.clear();
  words_.add("the job ended as ").add(result_.str());
  return EREMOTEIO;
}

} // namespace veloci

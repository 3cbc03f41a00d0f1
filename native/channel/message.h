// Messages between the executor on the host and the stager or init: one packet each on a SOCK_SEQPACKET socket pair.
#pragma once
#include "channel/detail.h"

namespace veloci {

enum class MessageType : uint8_t {
  // Executor → stager, the first: the plan. `index` = number of preserved descriptors, `point`: programs_* below.
  // programs_members: a message `members` follows. The plan's bytes follow in the same packet, or come as a sealed
  // memfd
  // when they are more than `inline_plan_max`.
  programs = 1,
  sync = 2, // `point`: a Point that is reached
  fd = 3,   // `point`: the slot of the descriptor that comes with it
  pid = 4,  // stager → executor: init's `pid`, with its pidfd
  fail = 5, // to the executor: operation `index` of `program` failed at `step` with `err`; `detail` says more
  // Executor → stager: what cgroups are entered by, in the order of the operations. Of v1 the files `tasks`, of v2 the
  // directory, which is number `index` from 1 (0 = none). `detail` has a byte for each: 0, or the errno with which it
  // could not be opened, and then its descriptor is missing.
  members = 6,
};

// Descriptors of the stager and of an init that waits for its start: what it reports in, and exec.fifo or what stands
// for that.
constexpr int record_fd = 4;
constexpr int fifo_fd = 5;
// Bits: the start is to be waited for, at fifo_fd; record_fd stays open until then; descriptors for cgroups follow.
constexpr uint8_t programs_wait = 1, programs_keep_report = 2, programs_members = 4;

struct MessageHeader {
  uint8_t type = 0;
  uint8_t point = 0;
  uint16_t program = 0; // ProgramName
  uint32_t index = 0;
  int32_t step = 0;
  int32_t err = 0;
  int32_t pid = 0;
  uint32_t detail_size = 0;
};
static_assert(sizeof(MessageHeader) == 24);

constexpr size_t inline_plan_max = 128 * 1024;

struct Message : MessageHeader {
  char detail[detail_max + 1];

  MessageType kind() const { return static_cast<MessageType>(type); }
};

enum class Received : uint8_t { message, end, error };

// What could not be opened, of a message `members`.
struct MemberErrors {
  uint8_t errors[32];
};

// Sends one message with up to one descriptor (-1 = none); sets `detail_size`. Never raises SIGPIPE. False and errno
// on failure.
bool send_message(int socket, MessageHeader header, Bytes detail = {}, int fd = -1);

// Receives one message. `fd` takes over its descriptor, close-on-exec; more than one is refused. `end` when the other
// side is gone; `error` with errno, EBADMSG when the packet was cut off or is no message.
Received receive_message(int socket, Message &message, Fd &fd);

// The same for a message whose detail is up to `capacity` bytes and goes to `buffer`.
Received receive_large(int socket, MessageHeader &header, char *buffer, size_t capacity, Fd &fd);

} // namespace veloci

// An answer comes from the kernel: what another process sends to our socket is none.
#include "executor/network/netlink.h"
#include "check.h"
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

using namespace veloci;

namespace {

// The error that somebody gives in the place of the kernel.
bool forge(uint32_t port, uint32_t sequence, int err) {
  struct {
    nlmsghdr header;
    nlmsgerr body;
  } message = {};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = NLMSG_ERROR;
  message.header.nlmsg_seq = sequence;
  message.body.error = -err;
  sockaddr_nl to = {};
  to.nl_family = AF_NETLINK;
  to.nl_pid = port;
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return false;
  ssize_t sent = sendto(socket.get(), &message, sizeof message, 0, reinterpret_cast<sockaddr *>(&to), sizeof to);
  // A socket that listens to the kernel alone refuses it.
  return sent == sizeof message || errno == ECONNREFUSED;
}

} // namespace

int main() {
  // To send to others takes rights over the network namespace.
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    printf("not tried: this user may make no network namespace\n");
    return 0;
  }
  Netlink netlink;
  CHECK(netlink.open() == 0);
  NetDevice device = {};
  CHECK(netlink.find(Str::of("lo"), device) == 0);
  const int known = device.index;
  CHECK(known > 0);
  // The first socket of a process has its pid for a port; requests are counted.
  CHECK(forge(static_cast<uint32_t>(getpid()), 2, EPERM));
  device = {};
  CHECK(netlink.find(Str::of("lo"), device) == 0);
  CHECK(device.index == known);
  return test::failures != 0;
}

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "init/init.h"

namespace veloci {

// Any socket will do for the ioctl, also where the kernel has no IPv4.
Outcome Init::on(const NetUp &) {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Outcome::failed(step::net_up::socket);
  ifreq request = {};
  memcpy(request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP;
  if (ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0) return Outcome::failed(step::net_up::flags);
  return Outcome::success();
}

Outcome Init::on(const HostnameSet &op) {
  namespace steps = step::hostname_set;
  if (op.hostname && sethostname(op.hostname.value.data, op.hostname.value.size) < 0) {
    return fail(steps::sethostname, op.hostname.value);
  }
  if (op.domainname && setdomainname(op.domainname.value.data, op.domainname.value.size) < 0) {
    return fail(steps::setdomainname, op.domainname.value);
  }
  return Outcome::success();
}

} // namespace veloci

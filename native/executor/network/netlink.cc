#include "executor/network/netlink.h"
#include "base/sys.h"
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace veloci {

namespace {

constexpr sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
constexpr uint16_t new_index_attribute = 49; // IFLA_NEW_IFINDEX, since Linux 5.13; older ones ignore it

// A request in the making: a fixed header, then attributes.
template <class Body> struct Request {
  nlmsghdr header = {};
  Body body = {};
  uint8_t attributes[256] = {};

  Request(uint16_t type, uint16_t flags) {
    header.nlmsg_len = NLMSG_LENGTH(sizeof body);
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  }
  void add(uint16_t type, const void *data, uint32_t size) {
    uint32_t offset = NLMSG_ALIGN(header.nlmsg_len);
    if (offset + RTA_SPACE(size) > sizeof *this) return; // names and addresses are far shorter
    rtattr attribute = {static_cast<uint16_t>(RTA_LENGTH(size)), type};
    uint8_t *place = reinterpret_cast<uint8_t *>(this) + offset;
    memcpy(place, &attribute, sizeof attribute);
    memcpy(place + RTA_LENGTH(0), data, size);
    header.nlmsg_len = offset + RTA_LENGTH(size);
  }
  void add_name(uint16_t type, Str name) {
    char text[IFNAMSIZ] = {};
    uint32_t size = name.size < IFNAMSIZ ? name.size : IFNAMSIZ - 1;
    memcpy(text, name.data, size);
    add(type, text, size + 1);
  }
};

// Visits the attributes behind the fixed body of a message.
template <class Visit> void each_attribute(const nlmsghdr &message, size_t body, Visit visit) {
  const uint8_t *cursor = reinterpret_cast<const uint8_t *>(&message) + NLMSG_SPACE(body);
  const uint8_t *end = reinterpret_cast<const uint8_t *>(&message) + message.nlmsg_len;
  while (cursor + sizeof(rtattr) <= end) {
    rtattr attribute;
    memcpy(&attribute, cursor, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || cursor + attribute.rta_len > end) return;
    visit(attribute.rta_type, cursor + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0));
    cursor += RTA_ALIGN(attribute.rta_len);
  }
}

void read_address(const nlmsghdr &message, const ifaddrmsg &body, NetAddress &address) {
  address = {};
  address.family = body.ifa_family;
  address.prefix = body.ifa_prefixlen;
  address.flags = body.ifa_flags;
  each_attribute(message, sizeof body, [&](uint16_t type, const uint8_t *data, uint32_t size) {
    uint32_t length = size < sizeof address.address ? size : sizeof address.address;
    if (type == IFA_ADDRESS) memcpy(address.address, data, length);
    if (type == IFA_FLAGS && size >= 4) memcpy(&address.flags, data, 4);
    if (type == IFA_LOCAL) {
      memcpy(address.local, data, length);
      address.has_local = true;
    }
    if (type == IFA_BROADCAST) {
      memcpy(address.broadcast, data, length);
      address.has_broadcast = true;
    }
  });
}

} // namespace

int Netlink::open() {
  socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket_.valid()) return errno;
  // The kernel answers at once; nothing may hang here.
  timeval limit = {10, 0};
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) return errno;
  // From now on nobody but the kernel can send to this socket: a process with CAP_NET_ADMIN over the namespace could.
  sockaddr_nl address = kernel;
  return ::connect(socket_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 ? 0 : errno;
}

int Netlink::open_in(int namespace_fd, int own_namespace_fd) {
  if (sys::setns(namespace_fd, sys::clone_newnet) != 0) return errno;
  int err = open();
  return sys::setns(own_namespace_fd, sys::clone_newnet) == 0 ? err : errno;
}

// Sends a request and visits the messages of the answer, to its end.
template <class Visit> int Netlink::request(void *message, Visit visit) {
  nlmsghdr &header = *static_cast<nlmsghdr *>(message);
  header.nlmsg_seq = ++sequence_;
  const bool dump = (header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  if (::send(socket_.get(), message, header.nlmsg_len, 0) < 0) return errno;
  for (;;) {
    // How long it is, as it waits: a device may have any number of neighbours and functions.
    ssize_t waiting = recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (waiting < 0 && errno == EINTR) continue;
    if (waiting < 0 || !reply_.grow(static_cast<size_t>(waiting) + 1)) return errno;
    uint8_t *reply = reply_.data();
    sockaddr_nl sender = {};
    socklen_t sender_size = sizeof sender;
    ssize_t size = recvfrom(socket_.get(), reply, reply_.capacity(), MSG_TRUNC, reinterpret_cast<sockaddr *>(&sender),
                            &sender_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    // What came between the socket's bind and its connection.
    if (sender_size != sizeof sender || sender.nl_pid != kernel.nl_pid) continue;
    if (static_cast<size_t>(size) > reply_.capacity()) return EPROTO;
    uint32_t remaining = static_cast<uint32_t>(size);
    for (nlmsghdr *cursor = reinterpret_cast<nlmsghdr *>(reply); NLMSG_OK(cursor, remaining);
         cursor = NLMSG_NEXT(cursor, remaining)) {
      if (cursor->nlmsg_seq != sequence_) continue;
      if (cursor->nlmsg_type == NLMSG_ERROR) {
        int err;
        memcpy(&err, NLMSG_DATA(cursor), sizeof err);
        return -err;
      }
      if (cursor->nlmsg_type == NLMSG_DONE) return 0;
      visit(*cursor);
      if (!dump && !(header.nlmsg_flags & NLM_F_ACK)) return 0;
    }
  }
}

int Netlink::request(void *message) {
  return request(message, [](const nlmsghdr &) {});
}

int Netlink::find(void *message, NetDevice &device) {
  return request(message, [&](const nlmsghdr &reply) {
    ifinfomsg info;
    memcpy(&info, NLMSG_DATA(&reply), sizeof info);
    device.index = info.ifi_index;
    device.up = info.ifi_flags & IFF_UP;
    each_attribute(reply, sizeof info, [&](uint16_t type, const uint8_t *data, uint32_t size) {
      if (type == IFLA_IFNAME && size <= sizeof device.name) memcpy(device.name, data, size);
    });
    device.name[sizeof device.name - 1] = 0;
  });
}

int Netlink::find(Str name, NetDevice &device) {
  Request<ifinfomsg> ask(RTM_GETLINK, 0);
  ask.add_name(IFLA_IFNAME, name);
  return find(&ask, device);
}

int Netlink::find(int index, NetDevice &device) {
  Request<ifinfomsg> ask(RTM_GETLINK, 0);
  ask.body.ifi_index = index;
  return find(&ask, device);
}

int Netlink::addresses(int index, Buffer &list) {
  Request<ifaddrmsg> ask(RTM_GETADDR, NLM_F_DUMP);
  bool kept = true;
  int err = request(&ask, [&](const nlmsghdr &message) {
    ifaddrmsg body;
    memcpy(&body, NLMSG_DATA(&message), sizeof body);
    if (message.nlmsg_type != RTM_NEWADDR || body.ifa_index != static_cast<unsigned>(index)) return;
    NetAddress address;
    read_address(message, body, address);
    if (body.ifa_scope != RT_SCOPE_UNIVERSE || !(address.flags & IFA_F_PERMANENT)) return;
    kept = kept && list.add(&address, sizeof address);
  });
  return err == 0 && !kept ? ENOMEM : err;
}

int Netlink::move(int index, int namespace_fd, Str name, int new_index) {
  Request<ifinfomsg> ask(RTM_NEWLINK, NLM_F_ACK);
  ask.body.ifi_index = index;
  ask.add(IFLA_NET_NS_FD, &namespace_fd, sizeof namespace_fd);
  ask.add_name(IFLA_IFNAME, name);
  ask.add(new_index_attribute, &new_index, sizeof new_index);
  return request(&ask);
}

int Netlink::add_address(int index, const NetAddress &address) {
  constexpr uint32_t kept =
      IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
  Request<ifaddrmsg> ask(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
  ask.body.ifa_family = address.family;
  ask.body.ifa_prefixlen = address.prefix;
  ask.body.ifa_index = static_cast<unsigned>(index);
  const uint32_t size = address.family == AF_INET ? 4 : 16;
  const uint32_t flags = address.flags & kept;
  ask.add(IFA_ADDRESS, address.address, size);
  if (address.has_local) ask.add(IFA_LOCAL, address.local, size);
  if (address.has_broadcast) ask.add(IFA_BROADCAST, address.broadcast, size);
  ask.add(IFA_FLAGS, &flags, sizeof flags);
  return request(&ask);
}

int Netlink::set_up(int index) {
  Request<ifinfomsg> ask(RTM_NEWLINK, NLM_F_ACK);
  ask.body.ifi_index = index;
  ask.body.ifi_flags = IFF_UP;
  ask.body.ifi_change = IFF_UP;
  return request(&ask);
}

} // namespace veloci

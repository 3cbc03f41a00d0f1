// A client of rtnetlink(7): the few requests that moving a network device takes.
#pragma once
#include "base/types.h"
#include "file/files.h"

namespace veloci {

// A permanent address of global scope (IFA_F_PERMANENT, RT_SCOPE_UNIVERSE).
struct NetAddress {
  uint8_t family, prefix;
  bool has_local, has_broadcast;
  uint32_t flags;
  uint8_t address[16], local[16], broadcast[16];
};

// A network device as one network namespace knows it.
struct NetDevice {
  int index = 0;
  bool up = false;
  // Its own name, also when it was found by another one.
  char name[16] = "";
};

class Netlink {
public:
  // Connects to the network namespace that this process is in, or to another one (entered only to make the socket).
  // 0 or an errno.
  int open();
  int open_in(int namespace_fd, int own_namespace_fd);

  // ENODEV when there is none of this name, or of this index.
  int find(Str name, NetDevice &device);
  int find(int index, NetDevice &device);
  // Adds the addresses of a device, each a NetAddress.
  int addresses(int index, Buffer &list);
  // Moves a device to another namespace, where it gets this name and index. It may have moved when the name is refused.
  int move(int index, int namespace_fd, Str name, int new_index);
  int add_address(int index, const NetAddress &address);
  int set_up(int index);

private:
  template <class Visit> int request(void *message, Visit visit);
  int request(void *message);
  int find(void *message, NetDevice &device);

  Fd socket_;
  Buffer reply_;
  uint32_t sequence_ = 0;
};

} // namespace veloci

// Which capabilities the kernel has found a process and its children to have when it asked for them: the tracepoint
// capability:cap_capable (Linux 6.14), sampled by perf_event_open(2). Nothing is loaded into the kernel.
#pragma once
#include "base/types.h"
#include <sys/types.h>

namespace veloci {

class CapabilityWatch {
public:
  CapabilityWatch() = default;
  CapabilityWatch(const CapabilityWatch &) = delete;
  CapabilityWatch &operator=(const CapabilityWatch &) = delete;
  ~CapabilityWatch();

  // Watches a task, which stands still, and all that it will make. 0 or an errno: ENOENT when the kernel has no such
  // tracepoint, EACCES or EPERM when it is not for the caller.
  int begin(pid_t task);
  // Looks through what has been sampled; to be called often, for there is room for some hundred samples a processor.
  void drain();
  // Whether samples were lost.
  bool lost() const { return lost_; }
  // Bits of the capabilities that were asked for and there.
  uint64_t used() const;

private:
  static constexpr int processors_max = 512;
  static constexpr int identities_max = 512;
  struct Ring {
    Fd event;
    void *memory = nullptr;
  };
  // Part of the kernel's code.
  struct Code {
    uint64_t start = 0, end = 0;
    bool has(uint64_t address) const { return address >= start && address < end; }
  };
  // Credentials, by their address in the kernel.
  struct Identity {
    uint64_t address;
    bool own;         // a process of ours was asked by them outside of overlayfs
    bool foreign;     // of whoever has mounted that
    uint32_t process; // whom overlayfs has worked for with them, last
    uint64_t bits;    // asked by overlayfs
    uint64_t direct;  // asked outside of it
  };

  int open_ring(Ring &ring, int tracepoint, pid_t task, int processor);
  void read_samples(Ring &ring);
  void note(const uint64_t *record, size_t words);
  Identity *identity(uint64_t address);
  bool is_known(uint32_t process) const;
  uint64_t bits_of(const Identity &known) const;

  Ring rings_[processors_max];
  int processors_ = 0;
  static constexpr int asides_max = 8;
  // What only asks whether it may do more than usual; overlayfs.
  Code asides_[asides_max], overlay_;
  size_t credentials_ = 0, capability_ = 0, result_ = 0; // where they lie in a sample
  Identity identities_[identities_max] = {};
  static constexpr uint32_t processes_max = 4096;
  uint32_t processes_[processes_max] = {}; // whose own credentials are known
  uint64_t bits_ = 0;
  bool lost_ = false;
};

} // namespace veloci

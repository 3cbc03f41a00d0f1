// Memory policy and execution domain of the program; execve keeps both.
#include <sys/personality.h>
#include <sys/syscall.h>

#include "init/init.h"

namespace veloci {

Outcome Init::on(const MemoryPolicy &op) {
  // The plan's bytes need not lie on a word. The kernel uses one bit less than the number it is given.
  Pages memory;
  unsigned long bits = 0;
  if (op.nodes) {
    const Bytes &nodes = op.nodes.value;
    if (!memory.allocate(nodes.size)) return Outcome::failed(step::memory_policy::policy);
    memcpy(memory.data(), nodes.data, nodes.size);
    bits = nodes.size * 8 + 1;
  }
  long result = syscall(SYS_set_mempolicy, op.mode, op.nodes ? memory.data() : nullptr, bits);
  return result == 0 ? Outcome::success() : Outcome::failed(step::memory_policy::policy);
}

Outcome Init::on(const PersonalitySet &op) {
  if (personality(op.domain) < 0) return Outcome::failed(step::personality_set::personality);
  return Outcome::success();
}

} // namespace veloci

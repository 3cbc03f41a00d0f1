#include <fcntl.h>

#include "init/init.h"

namespace veloci {
namespace {

namespace steps = step::mount_attr;

} // namespace

Outcome Init::on(const MountAttr &op) {
  BriefFd target(open_mount(op.target, op.exact));
  if (!target.valid()) return fail(steps::target, op.target);
  if (!set_attributes(target.get(), op.recursive, op.set, op.clear, op.locked)) return fail(steps::attr, op.target);
  if (!set_propagation(target.get(), op.propagation)) return fail(steps::propagate, op.target);
  return Outcome::success();
}

} // namespace veloci

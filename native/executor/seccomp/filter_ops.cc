// filter.open: a compiled seccomp filter for init.
#include "executor/seccomp/filter_cache.h"
#include "executor/handler.h"

namespace veloci {

Outcome HostHandler::on(const FilterOpen &op) { return open_filter(context_.root, op, context_.slots[op.slot]); }

} // namespace veloci

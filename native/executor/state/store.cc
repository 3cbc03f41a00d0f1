#include "executor/state/store.h"
#include "executor/bounds.h"
#include "base/directory.h"
#include "executor/state/state.h"

namespace veloci {
namespace {

// Largest plan that is read back.
constexpr size_t plan_size_max = 16 << 20;
// Memoised plans of exec that are kept.
constexpr uint32_t exec_memos_max = 16;

} // namespace

bool use_plan(Context &context, Bytes bytes, const char **what) {
  PlanFile plan;
  if (!verify(bytes, what) || !PlanFile::open(bytes, plan, what) || !within_bounds(plan, context.record, what))
    return false;
  context.plan = plan;
  context.plan_bytes = bytes;
  return true;
}

int load_plan(Context &context, const char *name, Buffer &memory) {
  if (int err = read_file(context.state.get(), name, plan_size_max, O_NOFOLLOW, memory); err != 0) return err;
  const char *what = nullptr;
  return use_plan(context, memory.bytes(), &what) ? 0 : EPROTO;
}

int store_plan(Context &context, const char *name, Bytes bytes) {
  int step = 0;
  return replace_file(context.state.get(), name, bytes, 0600, step);
}

void store_memo(Context &context, const char *name, Bytes bytes) {
  if (store_plan(context, name, bytes) != 0) return;
  remove_oldest(context.state.get(), exec_memos_max, is_exec_memo);
}

} // namespace veloci

#include "executor/store.h"
#include "executor/directory.h"
#include "executor/state.h"
#include <sys/stat.h>

namespace veloci {

bool use_plan(Context &context, Bytes bytes, const char **what) {
  if (!verify(bytes, what) || !PlanFile::open(bytes, context.plan, what)) return false;
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
  int dir = context.state.get();
  char oldest[128] = "";
  int64_t oldest_time = INT64_MAX;
  uint32_t count = 0;
  lseek(dir, 0, SEEK_SET);
  for_each_entry(dir, [&](const char *entry) {
    struct stat info;
    if (!is_exec_memo(entry) || fstatat(dir, entry, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    count++;
    int64_t time = static_cast<int64_t>(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
    if (time >= oldest_time) return;
    oldest_time = time;
    strcpy(oldest, entry);
  });
  if (count > exec_memos_max) unlinkat(dir, oldest, 0);
}

} // namespace veloci

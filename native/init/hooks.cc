#include "init/init.h"
#include "hook/hook.h"

namespace veloci {

Outcome Init::on(const HookRun &op) {
  const Record &record = *shared_.record;
  bool started = record_stage(record) == Stage::released || record_stage(record) == Stage::starting;
  if (started) record_set_stage(*shared_.record, Stage::starting);
  HoleValues values;
  values.pid = getpid(); // as the container sees it
  values.start_time = record.start_time;
  values.created = record.created;
  values.id = {record.id, static_cast<uint32_t>(strnlen(record.id, sizeof record.id - 1))};
  HookStop nobody;
  return run_hook(op, values, shared_.detail.words(), nobody, env_.data());
}

} // namespace veloci

#include "launcher/container/status.h"

namespace veloci {

namespace {

// Reads the first operation of a kind that `accept` takes.
template <class Op, class Accept> bool find_op(const PlanFile &plan, uint16_t code, Op &found, Accept accept) {
  Program program;
  if (!plan.find(ProgramName::status, program)) return false;
  for (const OpRecord &record : program) {
    if (record.code != code) continue;
    Reader reader(record.body);
    Op op;
    if (!read(reader, op) || !accept(op)) continue;
    found = op;
    return true;
  }
  return false;
}

} // namespace

bool find_status(const PlanFile &plan, Status status, StateStatus &texts) {
  return find_op(plan, code::state_status, texts, [&](const StateStatus &op) { return op.status == status; });
}

bool find_summary(const PlanFile &plan, StateSummary &summary) {
  return find_op(plan, code::state_summary, summary, [](const StateSummary &) { return true; });
}

} // namespace veloci

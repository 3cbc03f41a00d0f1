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

bool status_text(const Context &context, Status status, StatusText which, Pages &memory, Str &text) {
  StateStatus texts;
  StateSummary summary;
  auto is_wanted = [&](const StateStatus &op) { return op.status == status; };
  if (!find_op(context.plan, code::state_status, texts, is_wanted) || !find_summary(context.plan, summary))
    return false;
  const Template &begin = which == StatusText::state ? texts.state : texts.row;
  Str end = which == StatusText::state ? summary.state_end : summary.row_end;
  HoleValues values = hole_values(context);
  size_t size = filled_size(begin, values) + end.size;
  if (!memory.allocate(size)) return false;
  Text filled(memory.data(), size);
  fill(begin, values, filled);
  text = filled.add(end).str();
  return filled.complete();
}

bool find_summary(const PlanFile &plan, StateSummary &summary) {
  return find_op(plan, code::state_summary, summary, [](const StateSummary &) { return true; });
}

} // namespace veloci

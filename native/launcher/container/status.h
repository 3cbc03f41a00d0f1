// The texts about a container, from its stored plan.
#pragma once
#include "executor/context.h"
#include "plan/plan_file.h"

namespace veloci {

// What `state` prints of a container in this status, or a row of `list`, in memory of its own. False when its plan has
// no such text, or there is no memory.
enum class StatusText { state, row };
bool status_text(const Context &context, Status status, StatusText which, Pages &memory, Str &text);

// Finds the columns of the list.
bool find_summary(const PlanFile &plan, StateSummary &summary);

} // namespace veloci

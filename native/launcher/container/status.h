// The texts about a container, from its stored plan.
#pragma once
#include "plan/plan_file.h"

namespace veloci {

// Finds the texts of a status in the program `status` of a plan.
bool find_status(const PlanFile &plan, Status status, StateStatus &texts);

// Finds the columns of the list.
bool find_summary(const PlanFile &plan, StateSummary &summary);

} // namespace veloci

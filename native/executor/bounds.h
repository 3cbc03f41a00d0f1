// What a plan may touch, whoever has made it.
#pragma once
#include "plan/plan_file.h"
#include "record/record.h"

namespace veloci {

// Whether the cgroups that a plan names are those of the container: of its record, or those that the plan itself
// records first, for a container that is being made; or below them. `record` may be null: then only the latter are
// looked at. Every file in them is named without a slash. What else may be in which program, verify() says. On failure
// `what` says what is wrong.
bool within_bounds(const PlanFile &plan, const Record *record, const char **what);

} // namespace veloci

// An init that is apart: what it reports, and the start that it waits for.
#pragma once
#include "record/record.h"

namespace veloci {

// Puts what init has reported of its end as such into the record. Whoever sees init may have written the report: no
// more than the stage and a failure is taken from it.
void bring_over(const Record &report, Record &record);

} // namespace veloci

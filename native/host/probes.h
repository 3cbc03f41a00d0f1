// What this host can do, tried out: for `doctor`. Unlike the facts it takes time and makes processes.
#pragma once
#include "generated/protocol.gen.h"

namespace veloci {

// Writes the probes (schema/protocol/probes.schema.json).
void host_probes(ProbesWriter &probes);

} // namespace veloci

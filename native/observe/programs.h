// The eBPF programs by which cgroup v2 decides who may use which device.
#pragma once
#include "generated/plan.gen.h"
#include "generated/protocol.gen.h"
#include "record/record.h"

namespace veloci {

// Asks for the programs that are attached to the container's cgroup of v2, and for the tag that `program` gets from
// this kernel: it is loaded for that, attached to nothing, and goes with its descriptor.
void add_device_programs(ObservationWriter &out, const Record &record, Bytes program);

} // namespace veloci

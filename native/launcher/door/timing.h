// When what was done at a start: from the record's stamps to the engine's request.
#pragma once
#include "launcher/door/request.h"

namespace veloci {

// Notes a moment of this command in the container's record: now, or when the command began.
void note_moment(Invocation &invocation, Phase phase);

// Writes the stamps of a record, for a request.
void write_timing(TimingWriter &timing, const Record &record);

// Writes the timeline of the container's last start to a descriptor. `request` is the one that it was made with. 0 or
// the exit code, with the error shown.
int show_timeline(Invocation &invocation, Request &request, int fd);
// The same of an exec, by a record with its stamps alone. `process`: the name of its process file, which is the
// request's blob; empty without one.
int show_timeline(Invocation &invocation, Request &request, int fd, const Record *exec, Str process);

} // namespace veloci

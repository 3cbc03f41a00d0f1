// Under which name the command was started: the one place that looks at argv[0].
#pragma once
#include "generated/habits.gen.h"

namespace veloci {

// The habits of the name in argv[0].
const Habits &habits_of(int argc, char **argv);

// That name, for a command that runs another one in its place.
char *called_as(char **argv);

} // namespace veloci

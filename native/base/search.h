// Finding programs as execvp(3) would, but for what is anybody's.
#pragma once
#include "base/io.h"

namespace veloci {

// The list of folders of the environment, or the usual one.
const char *search_path();

// Finds a program by its path, or by its name in the search path. 0 or an errno.
int find_program(Str name, Text &path);

} // namespace veloci

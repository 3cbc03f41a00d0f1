// Why execve(2) says that a program which is there is not: the interpreter of a script or of a dynamic ELF file.
#pragma once
#include "base/io.h"

namespace veloci {

enum class Interpreter : uint8_t { unreadable, none, present, missing };

// Reads the program's head; `name` gets the path of the interpreter that it asks for. Any bytes are tolerated.
Interpreter find_interpreter(const char *program, Text &name);

} // namespace veloci

// What makes a directory what it is, but its contents.
#pragma once
#include <sys/stat.h>

#include "image/fault.h"

namespace veloci {

// Gives the directory `to` owner, mode, time and extended attributes of `from`, whose status is given, and takes other
// attributes away. Marks of overlay stay where they are: they are about the layers below. False with the fault, which
// names `path`.
bool copy_attributes(int to, int from, const struct stat &status, Str path, ImageFault &fault);

} // namespace veloci

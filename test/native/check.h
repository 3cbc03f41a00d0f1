// Checks of the native tests: the program exits with 1 when one of them failed.
#pragma once
#include <stdio.h>

namespace veloci::test {

inline int failures = 0;

inline bool check(bool good, const char *what, const char *file, int line) {
  if (!good) {
    failures++;
    printf("%s:%d: not so: %s\n", file, line, what);
  }
  return good;
}

} // namespace veloci::test

#define CHECK(condition) veloci::test::check(condition, #condition, __FILE__, __LINE__)

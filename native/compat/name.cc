#include "compat/name.h"

namespace veloci {

const Habits &habits_of(int argc, char **argv) {
  const char *name = argc > 0 ? argv[0] : "";
  const char *slash = strrchr(name, '/');
  Str called = Str::of(slash != nullptr ? slash + 1 : name);
  for (const Habits &habits : habits_by_name) {
    if (called == Str::of(habits.name)) return habits;
  }
  return habits_by_name[0];
}

char *called_as(char **argv) { return argv[0]; }

} // namespace veloci

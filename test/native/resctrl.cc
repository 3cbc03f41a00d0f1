// Schemata of resctrl, and writes to a class of service: on a stand-in directory, since the real one takes hardware.
#include "executor/rdt/resctrl.h"
#include "base/io.h"
#include "check.h"
#include <fcntl.h>
#include <initializer_list>
#include <stdlib.h>
#include <sys/stat.h>

using namespace veloci;

namespace {

bool holds(int dir, const char *name, const char *expected) {
  Fd file(openat(dir, name, O_RDONLY | O_CLOEXEC));
  char text[256] = {};
  return file.valid() && read(file.get(), text, sizeof text - 1) >= 0 && strcmp(text, expected) == 0;
}

} // namespace

int main() {
  Str file = Str::of("    MB:0=100;1= 70\n    L3:0=fff;1=00f\n");
  auto has = [&](const char *line) { return resctrl::has_schema(file, Str::of(line)); };
  CHECK(has("L3:0=fff;1=f"));
  CHECK(has("L3:1=F"));
  CHECK(has("MB:0=100;1=70\n"));
  CHECK(!has("L3:0=ff"));
  CHECK(!has("L3:2=f"));
  CHECK(!has("L2:0=fff"));
  CHECK(!has("L3"));
  CHECK(!has(""));

  char path[] = "/tmp/veloci-resctrl-XXXXXX";
  CHECK(mkdtemp(path) != nullptr);
  Fd dir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(resctrl::add_task(dir.get(), 42) == ENOENT);
  for (const char *name : {"schemata", "tasks"}) close(openat(dir.get(), name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const char text[] = "L3:0=f\nMB:0=50\n";
  CHECK(resctrl::write_schemata(dir.get(), {reinterpret_cast<const uint8_t *>(text), sizeof text - 1}) == 0);
  CHECK(holds(dir.get(), "schemata", text));
  CHECK(resctrl::add_task(dir.get(), 42) == 0);
  CHECK(holds(dir.get(), "tasks", "42"));
  for (const char *name : {"schemata", "tasks"}) unlinkat(dir.get(), name, 0);
  rmdir(path);
  return test::failures != 0;
}

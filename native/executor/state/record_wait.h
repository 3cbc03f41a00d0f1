// A record that cannot be read yet, or no longer: worth another look, or damaged?
#pragma once
#include <stdint.h>

namespace veloci {

// What to make of a record or state.json that is missing or not whole. A create makes the directory, locks it, and then
// writes the record; a delete takes the files away before the directory: both take a moment.
class RecordWait {
public:
  // Whether the record is worth another look; sleeps before it says so. At most 127 ms in all.
  bool again(int dir);
  // What it means that the record still cannot be read: EINPROGRESS (a command holds the lock), ENOENT (the container
  // has been deleted), or EBADMSG (the record is damaged).
  static int meaning(int dir);

private:
  uint32_t pause_ = 1;
};

} // namespace veloci

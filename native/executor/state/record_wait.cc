#include "executor/state/record_wait.h"
#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

namespace veloci {

bool RecordWait::again(int dir) {
  constexpr uint32_t longest = 64;
  struct stat info;
  if (fstat(dir, &info) != 0 || info.st_nlink == 0) return false;
  // The directory changes when its record is made: what has been as it is for a while stays so.
  bool is_recent = info.st_mtim.tv_sec + 1 >= time(nullptr);
  if (!is_recent || pause_ > longest) return false;
  struct timespec span {
    0, static_cast<long>(pause_) * 1000000
  };
  nanosleep(&span, nullptr);
  pause_ *= 2;
  return true;
}

int RecordWait::meaning(int dir) {
  struct stat info;
  if (fstat(dir, &info) == 0 && info.st_nlink == 0) return ENOENT;
  if (flock(dir, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK ? EINPROGRESS : EBADMSG;
  flock(dir, LOCK_UN);
  return EBADMSG;
}

} // namespace veloci

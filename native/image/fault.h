// What is wrong with an image, or what has kept it from being written. Who finds it first fills it in; later ones are
// passed over.
#pragma once
#include "base/io.h"
#include "base/types.h"

namespace veloci {

struct ImageFault {
  enum class Kind : uint8_t {
    none,
    archive, // the archive is damaged or breaks a rule: `what`, at `path`
    digest,  // a blob is not what its digest says: `what` names it
    limit,   // it exceeds a limit: `what`
    through, // a layer has put `path` into something that is no directory below
    system,  // a system call has failed: `what`, `err`
    stopped, // a signal asks us to stop
  };

  Kind kind = Kind::none;
  int err = 0;
  TextOf<512> what;
  TextOf<1024> path;

  bool any() const { return kind != Kind::none; }

  // Each returns false, for `return fault.…`.
  bool set(Kind new_kind, const char *text, Str where = {}, int errno_ = 0) {
    if (any()) return false;
    kind = new_kind;
    err = errno_;
    what.add(text);
    path.add(where);
    return false;
  }
  bool archive(const char *text, Str where = {}) { return set(Kind::archive, text, where); }
  bool limit(const char *text, Str where = {}) { return set(Kind::limit, text, where); }
  bool system(const char *text, int errno_, Str where = {}) { return set(Kind::system, text, where, errno_); }
};

} // namespace veloci

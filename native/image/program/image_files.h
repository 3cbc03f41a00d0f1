// The files of an image: those of a directory, or the members of an archive.
#pragma once
#include "file/files.h"
#include "image/blob_stream.h"
#include "image/fault.h"

namespace veloci {

class ImageFiles {
public:
  // Opens it. 0 or an errno.
  int open(const char *path);
  // Takes one that is open. 0 or an errno.
  int adopt(Fd file);
  // Reads the list of an archive's members. False with the fault.
  bool list(ImageFault &fault);
  // Where a file of the image is. 0; ENOENT when it has none; EINVAL for what is no file; or another errno. EEXIST when
  // an archive has it twice. The descriptor belongs to this, or is the blob's own (`owned`).
  int find(Str name, Blob &blob, Fd &owned);

private:
  struct Member;

  const Member *member(Str name, bool &twice) const;

  Fd fd_;
  bool directory_ = false;
  uint64_t size_ = 0;
  Buffer members_;
  size_t count_ = 0;
};

} // namespace veloci

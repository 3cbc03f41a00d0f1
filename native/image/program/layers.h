// The layers of an image as directories, each made once. In a cache they are called by the digest of their contents,
// and whoever makes one holds a lock; what is not complete has another name.
#pragma once
#include "image/blob_stream.h"
#include "image/layer_writer.h"

namespace veloci {

// One that is to be there.
struct LayerWish {
  Blob blob;
  Str name; // for messages
  // What its directory is called: the digest of its contents, unless it is for one bundle alone.
  Str key;
};

// What a layer for one bundle alone is called: its place there, and the digest of its contents.
using LayerPlace = TextOf<Sha256::hex_size + 8>;
inline void place_of(uint32_t index, Str diff_id, LayerPlace &place) {
  place.add_number(index, 4).add_char('-').add(diff_id);
}

// Where layers are kept.
class LayerStore {
public:
  // Opens the directory `path` and in it the one for layers of this `form` (owners and marks may differ), and makes
  // what is missing. 0 or an errno.
  int open(const char *path, const char *form);
  // Opens a directory of its own below another one. 0 or an errno.
  int open_in(int directory, const char *name);
  int fd() const { return fd_.get(); }
  // Whether a layer is there.
  bool has(Str key) const;
  // Makes a layer, or waits for who is just making it. `overlay`: marks are written as overlay wants them. False with
  // the fault.
  bool make(const LayerWish &wish, const LayerRules &rules, const DecodeLimit &limit, bool overlay, Text &lost,
            ImageFault &fault);
  // Removes what an interrupted unpack has left, unless somebody is at work on it.
  void sweep();
  // Removes what is left of one that could not be made.
  void drop(Str key);

private:
  int lock(Str key, bool wait, Fd &lock);
  bool write(const LayerWish &wish, const LayerRules &rules, const DecodeLimit &limit, bool overlay, Text &lost,
             ImageFault &fault);

  Fd fd_;
};

} // namespace veloci

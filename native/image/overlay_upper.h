// The writable layer of an overlay, before anything is written to it.
#pragma once
#include "image/fault.h"

namespace veloci {

// A layer as overlayfs joins it, with what it says about those below (LayerWriter::marks).
struct JoinedLayer {
  int fd;
  Str marks;
};

// Gives `upper`, which is empty, the directories that a layer has something in but no entry for, with the attributes of
// the one below, which overlay would hide; and its own root those of the image's. No link is followed. False with the
// fault, which is about the layer `culprit`: one with a path through something that is no directory below.
bool fill_upper(int upper, const JoinedLayer *layers, uint32_t count, uint32_t &culprit, ImageFault &fault);

} // namespace veloci

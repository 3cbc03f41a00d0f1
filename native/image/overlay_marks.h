// What a layer says about those below, in the form of overlayfs: devices 0:0 and extended attributes.
#pragma once
#include "image/fault.h"

namespace veloci {

// Writes the marks (LayerWriter::marks) into the layer's directory. `privileged`: also attributes that only root may
// set. False with the fault.
bool write_overlay_marks(int layer, Str marks, bool privileged, ImageFault &fault);

// Whether a directory of a layer hides what those below have in it.
bool is_opaque(int directory);

} // namespace veloci

// Layers joined to one root file system, by moving what the upper one has into the lower one.
#pragma once
#include "image/fault.h"

namespace veloci {

// Puts a layer, with its marks (LayerWriter::marks), over the tree `root`; the layer's directory is empty afterwards.
// Nothing else changes them meanwhile, and no link is followed. False with the fault.
bool merge_layer(int root, int layer, Str marks, ImageFault &fault);

} // namespace veloci

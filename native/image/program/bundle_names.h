// What lies in the directory of a bundle that was made of an image.
#pragma once

namespace veloci::bundle_name {

constexpr char root[] = "rootfs", config[] = "config.json";
// Layers on their way, for as long as the bundle is not complete.
constexpr char layers[] = ".layers";
// The writable layer over those of the cache, and what overlayfs needs beside it.
constexpr char overlay[] = "overlay", upper[] = "upper", work[] = "work";
constexpr const char *all[] = {layers, root, config, overlay};

} // namespace veloci::bundle_name

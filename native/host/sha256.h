// SHA-256 (FIPS 180-4).
#pragma once
#include "base/types.h"

namespace veloci {

constexpr size_t sha256_hex_size = 64;

// Writes the digest as 64 lower-case hexadecimal digits and a NUL.
void sha256_hex(Bytes data, char (&hex)[sha256_hex_size + 1]);

} // namespace veloci

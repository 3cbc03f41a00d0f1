// SHA-256 (FIPS 180-4) of bytes that come in parts. The processor's own instructions are used where it has them.
#pragma once
#include "base/types.h"

namespace veloci {

class Sha256 {
public:
  static constexpr size_t hex_size = 64;

  void add(const uint8_t *data, size_t size);
  // Writes the digest of all parts as 64 lower-case hexadecimal digits and a NUL. Nothing may be added afterwards.
  void finish(char (&hex)[hex_size + 1]);

private:
  static constexpr size_t block = 64;
  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint64_t size_ = 0;
  uint8_t rest_[2 * block] = {};
};

// The digest of bytes that are all there.
void sha256_hex(Bytes data, char (&hex)[Sha256::hex_size + 1]);
// Whether a text is such a digest.
bool is_digest(Str hex);

} // namespace veloci

#include "host/sha256.h"

namespace veloci {
namespace {

constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr size_t block_size = 64;

uint32_t rotate(uint32_t value, int bits) { return value >> bits | value << (32 - bits); }

struct State {
  uint32_t word[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

  void block(const uint8_t *data) {
    uint32_t schedule[64];
    for (int i = 0; i < 16; i++) {
      uint32_t big_endian;
      memcpy(&big_endian, data + 4 * i, 4);
      schedule[i] = __builtin_bswap32(big_endian);
    }
    for (int i = 16; i < 64; i++) {
      uint32_t early = schedule[i - 15], late = schedule[i - 2];
      uint32_t s0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
      uint32_t s1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
      schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
    }
    uint32_t a = word[0], b = word[1], c = word[2], d = word[3];
    uint32_t e = word[4], f = word[5], g = word[6], h = word[7];
    for (int i = 0; i < 64; i++) {
      uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      uint32_t choice = (e & f) ^ (~e & g);
      uint32_t t1 = h + s1 + choice + round_constants[i] + schedule[i];
      uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + s0 + majority;
    }
    word[0] += a, word[1] += b, word[2] += c, word[3] += d;
    word[4] += e, word[5] += f, word[6] += g, word[7] += h;
  }
};

} // namespace

void sha256_hex(Bytes data, char (&hex)[sha256_hex_size + 1]) {
  State state;
  size_t whole = data.size / block_size;
  for (size_t i = 0; i < whole; i++) state.block(data.data + i * block_size);

  // The rest, a one bit, zeros, and the length in bits: one or two blocks.
  uint8_t tail[2 * block_size] = {};
  size_t rest = data.size % block_size;
  if (rest != 0) memcpy(tail, data.data + whole * block_size, rest);
  tail[rest] = 0x80;
  size_t blocks = rest + 9 <= block_size ? 1 : 2;
  uint64_t bits = __builtin_bswap64(static_cast<uint64_t>(data.size) * 8);
  memcpy(tail + blocks * block_size - 8, &bits, 8);
  for (size_t i = 0; i < blocks; i++) state.block(tail + i * block_size);

  constexpr char digits[] = "0123456789abcdef";
  for (int i = 0; i < 64; i++) hex[i] = digits[state.word[i / 8] >> (28 - 4 * (i % 8)) & 15];
  hex[64] = '\0';
}

} // namespace veloci

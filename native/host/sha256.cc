#include "host/sha256.h"

// Every byte of an image goes through this, in a program that is small otherwise.
#if !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace veloci {
namespace {

alignas(16) constexpr uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotate(uint32_t value, int bits) { return value >> bits | value << (32 - bits); }

void plain_blocks(uint32_t *state, const uint8_t *data, size_t count) {
  for (; count > 0; count--, data += 64) {
    uint32_t schedule[64];
    for (int i = 0; i < 16; i++) {
      uint32_t word;
      memcpy(&word, data + 4 * i, 4);
      schedule[i] = __builtin_bswap32(word);
    }
    for (int i = 16; i < 64; i++) {
      uint32_t early = schedule[i - 15], late = schedule[i - 2];
      uint32_t s0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
      uint32_t s1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
      schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + constants[i] + schedule[i];
      uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)
// Four rounds for each group of four words; the schedule runs three groups ahead.
[[gnu::target("sha,sse4.1,ssse3")]] void fast_blocks(uint32_t *state, const uint8_t *data, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state)), 0xb1);
  __m128i high = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state + 4)), 0x1b);
  __m128i first = _mm_alignr_epi8(low, high, 8);
  __m128i second = _mm_blend_epi16(high, low, 0xf0);
  for (; count > 0; count--, data += 64) {
    const __m128i first_before = first, second_before = second;
    __m128i words[4];
    for (int i = 0; i < 4; i++) {
      __m128i loaded = _mm_loadu_si128(reinterpret_cast<const __m128i *>(data + 16 * i));
      words[i] = _mm_shuffle_epi8(loaded, swap);
    }
#pragma GCC unroll 16
    for (int group = 0; group < 16; group++) {
      __m128i current = words[group % 4];
      __m128i sum = _mm_add_epi32(current, _mm_load_si128(reinterpret_cast<const __m128i *>(constants + 4 * group)));
      second = _mm_sha256rnds2_epu32(second, first, sum);
      first = _mm_sha256rnds2_epu32(first, second, _mm_shuffle_epi32(sum, 0x0e));
      if (group >= 12) continue;
      // The group that replaces this one: it needs the three behind it.
      __m128i next = words[(group + 1) % 4], later = words[(group + 2) % 4], last = words[(group + 3) % 4];
      __m128i half = _mm_add_epi32(_mm_sha256msg1_epu32(current, next), _mm_alignr_epi8(last, later, 4));
      words[group % 4] = _mm_sha256msg2_epu32(half, last);
    }
    first = _mm_add_epi32(first, first_before);
    second = _mm_add_epi32(second, second_before);
  }
  low = _mm_shuffle_epi32(first, 0x1b);
  high = _mm_shuffle_epi32(second, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state), _mm_blend_epi16(low, high, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4), _mm_alignr_epi8(high, low, 8));
}

bool has_instructions() {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & (1u << 29)) == 0) return false;
  // SSSE3 and SSE4.1.
  return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 9)) != 0 && (c & (1u << 19)) != 0;
}
#endif

void blocks(uint32_t *state, const uint8_t *data, size_t count) {
#if defined(__x86_64__)
  static const bool fast = has_instructions();
  if (fast) return fast_blocks(state, data, count);
#endif
  plain_blocks(state, data, count);
}

} // namespace

void Sha256::add(const uint8_t *data, size_t size) {
  // Nothing may be a null pointer, which memcpy must not be given.
  if (size == 0) return;
  size_t held = size_ % block;
  size_ += size;
  if (held > 0) {
    size_t part = block - held < size ? block - held : size;
    memcpy(rest_ + held, data, part);
    data += part;
    size -= part;
    if (held + part < block) return;
    blocks(state_, rest_, 1);
  }
  if (size >= block) blocks(state_, data, size / block);
  memcpy(rest_, data + size / block * block, size % block);
}

void Sha256::finish(char (&hex)[hex_size + 1]) {
  size_t held = size_ % block;
  memset(rest_ + held, 0, sizeof rest_ - held);
  rest_[held] = 0x80;
  size_t count = held + 9 <= block ? 1 : 2;
  uint64_t bits = __builtin_bswap64(size_ * 8);
  memcpy(rest_ + count * block - 8, &bits, 8);
  blocks(state_, rest_, count);
  constexpr char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < hex_size; i++) hex[i] = digits[state_[i / 8] >> (28 - 4 * (i % 8)) & 15];
  hex[hex_size] = 0;
}

void sha256_hex(Bytes data, char (&hex)[Sha256::hex_size + 1]) {
  Sha256 whole;
  whole.add(data.data, data.size);
  whole.finish(hex);
}

bool is_digest(Str hex) {
  if (hex.size != Sha256::hex_size) return false;
  for (size_t i = 0; i < hex.size; i++) {
    char c = hex.data[i];
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
  }
  return true;
}

} // namespace veloci

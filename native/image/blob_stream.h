// The decoded bytes of a layer's blob. Reading, hashing and inflating run in threads of their own, so that whoever
// takes the bytes only writes. Nothing of it may be kept before `finish` has found the digests right.
#pragma once
#include <pthread.h>

#include "host/sha256.h"
#include "image/fault.h"
#include "image/source.h"

namespace veloci {

// A stretch of a file.
struct Blob {
  int fd = -1;
  uint64_t offset = 0, size = 0;
  // Where the bytes that were read are counted, for others to see; nullptr: nowhere.
  uint64_t *counter = nullptr;
  // Digests as 64 hexadecimal digits: of the blob as it is (empty = none is known), and of what it decodes to.
  Str digest, diff_id;
};

// A layer that decodes to more than `size` bytes, or to more than 1 GiB and a hundred times its own size, is a bomb.
struct DecodeLimit {
  uint64_t size = UINT64_MAX;
  bool any_ratio = false;
};

class BlobStream : public ByteSource {
public:
  explicit BlobStream(ImageFault &fault) : fault_(fault) {}
  BlobStream(const BlobStream &) = delete;
  BlobStream &operator=(const BlobStream &) = delete;
  // Ends the threads.
  ~BlobStream();

  // False with the fault.
  bool start(const Blob &blob, const DecodeLimit &limit);
  bool next(Bytes &part) override;
  // After the end: whether the digests are right. False with the fault.
  bool finish();
  // After a fault of whoever takes the bytes: when a digest is wrong, that is the fault.
  void explain();

private:
  static constexpr size_t slots = 8, slot_size = 256 << 10, input_size = 256 << 10;
  enum class Form : uint8_t { plain, gzip, zstd };

  static void *decode_main(void *self);
  static void *hash_main(void *self);
  void decode();
  void hash();
  void count(uint64_t taken);
  bool read_input(uint8_t *data, size_t size, size_t &count);
  bool decode_plain();
  bool decode_gzip();
  bool decode_zstd();
  // A free slot, or nullptr when nobody wants one any more.
  uint8_t *take_slot();
  bool give_slot(size_t size);
  void drain();
  void cancel();

  ImageFault &fault_;
  ImageFault own_; // of the decoding thread
  Blob blob_;
  DecodeLimit limit_;
  uint8_t *memory_ = nullptr, *input_ = nullptr;
  size_t sizes_[slots] = {};
  // How many slots were filled, hashed and used.
  uint64_t filled_ = 0, hashed_ = 0, used_ = 0;
  bool ended_ = false, cancelled_ = false, holding_ = false, hashes_ = false;
  uint64_t taken_ = 0, decoded_ = 0;
  Sha256 blob_hash_, plain_hash_;
  char blob_hex_[Sha256::hex_size + 1] = "", plain_hex_[Sha256::hex_size + 1] = "";
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t change_ = PTHREAD_COND_INITIALIZER;
  pthread_t decoder_{}, hasher_{};
  bool decoder_runs_ = false, hasher_runs_ = false;
};

} // namespace veloci

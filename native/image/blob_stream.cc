#include "image/blob_stream.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

namespace veloci {
namespace {

constexpr uint64_t ratio_matters = uint64_t{1} << 30;
constexpr uint64_t most_ratio = 100;

bool same(Str wanted, const char *hex) { return wanted == Str::of(hex); }

} // namespace

BlobStream::~BlobStream() {
  cancel();
  if (memory_ != nullptr) munmap(memory_, slots * slot_size + input_size);
}

void BlobStream::cancel() {
  pthread_mutex_lock(&mutex_);
  cancelled_ = true;
  pthread_cond_broadcast(&change_);
  pthread_mutex_unlock(&mutex_);
  if (decoder_runs_) pthread_join(decoder_, nullptr);
  if (hasher_runs_) pthread_join(hasher_, nullptr);
  decoder_runs_ = hasher_runs_ = false;
}

bool BlobStream::start(const Blob &blob, const DecodeLimit &limit) {
  blob_ = blob;
  limit_ = limit;
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void *memory = mmap(nullptr, slots * slot_size + input_size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) return fault_.system("reserve memory", errno);
  memory_ = static_cast<uint8_t *>(memory);
  input_ = memory_ + slots * slot_size;
  // One that is not compressed has one digest.
  hashes_ = !(blob.digest == blob.diff_id);
  if (int err = pthread_create(&decoder_, nullptr, decode_main, this); err != 0)
    return fault_.system("start a thread", err);
  decoder_runs_ = true;
  if (!hashes_) return true;
  if (int err = pthread_create(&hasher_, nullptr, hash_main, this); err != 0)
    return fault_.system("start a thread", err);
  return hasher_runs_ = true;
}

bool BlobStream::next(Bytes &part) {
  pthread_mutex_lock(&mutex_);
  if (holding_) {
    used_++;
    holding_ = false;
    pthread_cond_broadcast(&change_);
  }
  while (used_ == filled_ && !ended_) pthread_cond_wait(&change_, &mutex_);
  part = {};
  if (used_ < filled_) {
    part = {memory_ + used_ % slots * slot_size, sizes_[used_ % slots]};
    holding_ = true;
  }
  pthread_mutex_unlock(&mutex_);
  if (part.size > 0 || !own_.any()) return true;
  return fault_.set(own_.kind, own_.what.c_str(), own_.path.str(), own_.err);
}

bool BlobStream::finish() {
  if (decoder_runs_) pthread_join(decoder_, nullptr);
  decoder_runs_ = false;
  if (hasher_runs_) pthread_join(hasher_, nullptr);
  hasher_runs_ = false;
  if (own_.any()) return fault_.set(own_.kind, own_.what.c_str(), own_.path.str(), own_.err);
  if (!hashes_) memcpy(plain_hex_, blob_hex_, sizeof plain_hex_);
  if (!same(blob_.diff_id, plain_hex_)) return fault_.set(ImageFault::Kind::digest, plain_hex_, blob_.diff_id);
  return true;
}

void BlobStream::explain() {
  if (fault_.kind != ImageFault::Kind::archive) return;
  // What was not taken is still hashed; the rest is passed over.
  for (Bytes part{nullptr, 1}; part.size > 0;) {
    if (!next(part)) break;
  }
  if (decoder_runs_) pthread_join(decoder_, nullptr);
  decoder_runs_ = false;
  if (hasher_runs_) pthread_join(hasher_, nullptr);
  hasher_runs_ = false;
  const char *wrong = nullptr;
  Str wanted = blob_.diff_id;
  if (own_.kind == ImageFault::Kind::digest) {
    wrong = own_.what.c_str();
    wanted = own_.path.str();
  } else if (!own_.any()) {
    if (!hashes_) memcpy(plain_hex_, blob_hex_, sizeof plain_hex_);
    if (!same(blob_.diff_id, plain_hex_)) wrong = plain_hex_;
  }
  if (wrong == nullptr) return;
  fault_.kind = ImageFault::Kind::digest;
  fault_.what.clear();
  fault_.path.clear();
  fault_.what.add(wrong);
  fault_.path.add(wanted);
}

void *BlobStream::decode_main(void *self) {
  static_cast<BlobStream *>(self)->decode();
  return nullptr;
}

void *BlobStream::hash_main(void *self) {
  static_cast<BlobStream *>(self)->hash();
  return nullptr;
}

uint8_t *BlobStream::take_slot() {
  pthread_mutex_lock(&mutex_);
  while (!cancelled_ && (filled_ - used_ == slots || (hashes_ && filled_ - hashed_ == slots)))
    pthread_cond_wait(&change_, &mutex_);
  uint8_t *slot = cancelled_ ? nullptr : memory_ + filled_ % slots * slot_size;
  pthread_mutex_unlock(&mutex_);
  return slot;
}

bool BlobStream::give_slot(size_t size) {
  decoded_ += size;
  if (decoded_ > limit_.size) return own_.limit("it unpacks to more bytes than --max-size allows");
  bool suspicious = decoded_ > ratio_matters && decoded_ / most_ratio > blob_.size;
  if (suspicious && !limit_.any_ratio)
    return own_.limit("it unpacks to more than a hundred times its size; --max-size allows that");
  if (size == 0) return true;
  pthread_mutex_lock(&mutex_);
  sizes_[filled_++ % slots] = size;
  pthread_cond_broadcast(&change_);
  pthread_mutex_unlock(&mutex_);
  return true;
}

void BlobStream::count(uint64_t taken) {
  taken_ = taken;
  if (blob_.counter != nullptr) __atomic_store_n(blob_.counter, taken, __ATOMIC_RELAXED);
}

// The next bytes of the blob; none at its end.
bool BlobStream::read_input(uint8_t *data, size_t size, size_t &count) {
  uint64_t done = taken_;
  count = blob_.size - done < size ? static_cast<size_t>(blob_.size - done) : size;
  for (size_t have = 0; have < count;) {
    ssize_t part = pread(blob_.fd, data + have, count - have, static_cast<off_t>(blob_.offset + done + have));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return own_.system("read the image", errno);
    if (part == 0) return own_.archive("the file ends in the middle of it");
    have += static_cast<size_t>(part);
  }
  blob_hash_.add(data, count);
  this->count(done + count);
  return true;
}

// Hashes what nobody decodes: a wrong digest says more than what follows from it.
void BlobStream::drain() {
  ImageFault::Kind kind = own_.kind;
  if (kind == ImageFault::Kind::system || kind == ImageFault::Kind::limit) return;
  for (size_t count = 1; count > 0 && !cancelled_;) {
    uint64_t done = taken_;
    count = blob_.size - done < input_size ? static_cast<size_t>(blob_.size - done) : input_size;
    if (count > 0 &&
        pread(blob_.fd, input_, count, static_cast<off_t>(blob_.offset + done)) != static_cast<ssize_t>(count))
      return;
    blob_hash_.add(input_, count);
    this->count(done + count);
  }
}

void BlobStream::decode() {
  uint8_t magic[4] = {};
  size_t size = blob_.size < sizeof magic ? static_cast<size_t>(blob_.size) : sizeof magic;
  Form form = Form::plain;
  if (pread(blob_.fd, magic, size, static_cast<off_t>(blob_.offset)) < 0) {
    own_.system("read the image", errno);
  } else {
    constexpr uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    if (magic[0] == 0x1f && magic[1] == 0x8b) form = Form::gzip;
    // A frame, or one that is to be skipped, which may come first.
    bool skippable = (magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0;
    if (memcmp(magic, zstd_magic, sizeof magic) == 0 || skippable) form = Form::zstd;
    bool ok = form == Form::gzip ? decode_gzip() : form == Form::zstd ? decode_zstd() : decode_plain();
    if (!ok) drain();
  }
  blob_hash_.finish(blob_hex_);
  bool known = !blob_.digest.empty() && taken_ == blob_.size && !cancelled_;
  if (known && !same(blob_.digest, blob_hex_) && own_.kind != ImageFault::Kind::limit) {
    own_.kind = ImageFault::Kind::digest;
    own_.what.clear();
    own_.path.clear();
    own_.what.add(blob_hex_);
    own_.path.add(blob_.digest);
  }
  pthread_mutex_lock(&mutex_);
  ended_ = true;
  pthread_cond_broadcast(&change_);
  pthread_mutex_unlock(&mutex_);
}

void BlobStream::hash() {
  pthread_mutex_lock(&mutex_);
  for (;;) {
    while (hashed_ == filled_ && !ended_ && !cancelled_) pthread_cond_wait(&change_, &mutex_);
    if (hashed_ == filled_ || cancelled_) break;
    Bytes part{memory_ + hashed_ % slots * slot_size, sizes_[hashed_ % slots]};
    pthread_mutex_unlock(&mutex_);
    plain_hash_.add(part.data, part.size);
    pthread_mutex_lock(&mutex_);
    hashed_++;
    pthread_cond_broadcast(&change_);
  }
  pthread_mutex_unlock(&mutex_);
  plain_hash_.finish(plain_hex_);
}

bool BlobStream::decode_plain() {
  for (;;) {
    uint8_t *slot = take_slot();
    size_t count = 0;
    if (slot == nullptr) return true;
    if (!read_input(slot, slot_size, count) || !give_slot(count)) return false;
    if (count == 0) return true;
  }
}

bool BlobStream::decode_gzip() {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return own_.system("prepare gzip", ENOMEM);
  // A stream may have several members, and zeros behind the last one.
  bool inside = true, zeros = false, ok = true;
  uint8_t *slot = take_slot();
  size_t used = 0;
  while (ok && slot != nullptr) {
    size_t count = 0;
    if (stream.avail_in == 0) {
      if (!(ok = read_input(input_, input_size, count))) break;
      stream.next_in = input_;
      stream.avail_in = static_cast<unsigned>(count);
      if (count == 0) {
        if (inside) ok = own_.archive("its gzip stream is truncated");
        break;
      }
    }
    if (!inside) {
      while (stream.avail_in > 0 && *stream.next_in == 0) stream.next_in++, stream.avail_in--, zeros = true;
      if (stream.avail_in == 0) continue;
      if (zeros || *stream.next_in != 0x1f || inflateReset(&stream) != Z_OK) {
        ok = own_.archive("something follows its gzip stream");
        break;
      }
      inside = true;
    }
    stream.next_out = slot + used;
    stream.avail_out = static_cast<unsigned>(slot_size - used);
    int result = inflate(&stream, Z_NO_FLUSH);
    used = slot_size - stream.avail_out;
    if (result == Z_STREAM_END)
      inside = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
      ok = own_.archive(stream.msg != nullptr ? stream.msg : "its gzip stream is damaged");
    if (!ok || used < slot_size) continue;
    ok = give_slot(used);
    used = 0;
    slot = ok ? take_slot() : nullptr;
  }
  inflateEnd(&stream);
  return ok && give_slot(used);
}

bool BlobStream::decode_zstd() {
  ZSTD_DCtx *context = ZSTD_createDCtx();
  if (context == nullptr) return own_.system("prepare zstd", ENOMEM);
  bool ok = true;
  size_t pending = 0, used = 0;
  uint8_t *slot = take_slot();
  ZSTD_inBuffer input{input_, 0, 0};
  while (ok && slot != nullptr) {
    if (input.pos == input.size) {
      if (!(ok = read_input(input_, input_size, input.size))) break;
      input.pos = 0;
      // What is still held back comes out without new input.
      if (input.size == 0 && pending == 0) break;
    }
    size_t before = input.pos;
    ZSTD_outBuffer output{slot, slot_size, used};
    pending = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(pending)) {
      ok = own_.archive(ZSTD_getErrorName(pending));
      break;
    }
    bool stuck = input.size == 0 && output.pos == used && before == input.pos;
    used = output.pos;
    if (stuck && pending != 0) {
      ok = own_.archive("its zstd stream is truncated");
      break;
    }
    if (used < slot_size) continue;
    ok = give_slot(used);
    used = 0;
    slot = ok ? take_slot() : nullptr;
  }
  ZSTD_freeDCtx(context);
  return ok && give_slot(used);
}

} // namespace veloci

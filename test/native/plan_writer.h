// Encodes plans by hand for the native tests, byte after byte as the wire form says.
#pragma once
#include <stdint.h>
#include <string.h>

#include <initializer_list>

#include "generated/plan.gen.h"

namespace veloci::test {

// Bytes that grow in a fixed buffer; a test that needs more fails loudly.
class Writer {
public:
  Writer &u8(uint8_t value) { return raw(&value, 1); }
  Writer &u16(uint16_t value) { return raw(&value, 2); }
  Writer &u32(uint32_t value) { return raw(&value, 4); }
  Writer &u64(uint64_t value) { return raw(&value, 8); }
  Writer &str(const char *text) {
    u32(static_cast<uint32_t>(strlen(text)));
    return raw(text, strlen(text) + 1);
  }
  Writer &some(const char *text) { return u8(1).str(text); }
  Writer &none() { return u8(0); }
  Writer &strs(std::initializer_list<const char *> texts) {
    u32(static_cast<uint32_t>(texts.size()));
    for (const char *text : texts) str(text);
    return *this;
  }
  Writer &raw(const void *data, size_t size) {
    if (size_ + size > sizeof bytes_) __builtin_trap();
    memcpy(bytes_ + size_, data, size);
    size_ += size;
    return *this;
  }
  void set_u32(size_t offset, uint32_t value) { memcpy(bytes_ + offset, &value, 4); }
  size_t size() const { return size_; }
  const uint8_t *data() const { return bytes_; }

private:
  uint8_t bytes_[32768];
  size_t size_ = 0;
};

// One program of a plan.
class ProgramWriter {
public:
  template <class Fields> ProgramWriter &op(uint16_t code, Fields fields) {
    Writer &out = body_;
    out.u16(code).u16(0).u32(0);
    size_t start = out.size();
    fields(out);
    out.set_u32(start - 4, static_cast<uint32_t>(out.size() - start));
    count_++;
    return *this;
  }
  ProgramWriter &op(uint16_t code) {
    return op(code, [](Writer &) {});
  }
  const Writer &body() const { return body_; }
  uint32_t count() const { return count_; }

private:
  Writer body_;
  uint32_t count_ = 0;
};

// A plan with the programs `stager` and `init`.
inline void write_plan(Writer &out, const ProgramWriter &stager, const ProgramWriter &init) {
  constexpr uint32_t header = 32, entry = 16;
  uint32_t offset = header + 2 * entry;
  out.raw("VLCIPLAN", 8).raw(plan_schema_hash, sizeof plan_schema_hash);
  out.u32(offset + static_cast<uint32_t>(stager.body().size() + init.body().size())).u32(2);
  struct {
    ProgramName name;
    const ProgramWriter &program;
  } programs[] = {{ProgramName::stager, stager}, {ProgramName::init, init}};
  for (auto &[name, program] : programs) {
    uint32_t size = static_cast<uint32_t>(program.body().size());
    out.u32(static_cast<uint32_t>(name)).u32(offset).u32(size).u32(program.count());
    offset += size;
  }
  for (auto &[name, program] : programs) out.raw(program.body().data(), program.body().size());
}

} // namespace veloci::test

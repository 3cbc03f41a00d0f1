// Messages of CRIU's RPC protocol (its images/rpc.proto) in the protobuf encoding, as far as they are used here.
#pragma once
#include "base/io.h"

namespace veloci {

// enum criu_req_type
enum class CriuType : uint8_t { dump = 1, restore = 2, pre_dump = 4, notify = 6, version = 10 };

// Fields of criu_opts that are known at run time only; the plan carries the others.
namespace criu_option {
constexpr unsigned images_dir_fd = 1, pid = 2, work_dir_fd = 17, ext_mnt = 23, inherit_fd = 27, external = 37,
                   status_fd = 49, freeze_cgroup = 44, config_file = 51;
} // namespace criu_option

// Appends fields of a message to a buffer; protobuf wants no order of them.
class ProtoWriter {
public:
  explicit ProtoWriter(Text &out) : out_(out) {}
  void number(unsigned field, uint64_t value);
  void bytes(unsigned field, Str value);
  // A message of two fields: a text, then a text or a number.
  void pair(unsigned field, Str first, Str second);
  void pair(unsigned field, Str first, uint64_t second);

private:
  void varint(uint64_t value);
  Text &out_;
};

// criu_resp
struct CriuResponse {
  uint64_t type = 0;
  bool success = false;
  // notify: name of what happened, and pid of the container's init.
  TextOf<64> script;
  int64_t notify_pid = 0;
  int64_t restored_pid = 0;
  TextOf<256> error;
  // major * 10000 + minor * 100 + sublevel
  uint64_t version = 0;
};

// False when the bytes are no such message.
bool read_criu_response(Bytes bytes, CriuResponse &response);

// What an image of CRIU's says of a memory (its images/pagemap.proto).
struct CriuPagemap {
  // The number in the name of the image with the pages.
  uint64_t pages_id = 0;
  // How many of them lie there.
  uint64_t present = 0;
};

// False where its form is not known, or it is cut off.
bool read_criu_pagemap(Bytes image, CriuPagemap &pagemap);

} // namespace veloci
